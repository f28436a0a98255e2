/*
 * stamp.c
 *		Columns that say only when a row was made, or last changed.
 *
 * Each framework spells them in its own way: created_at, createdAt, createdat
 * (without quotes), date_created, inserted_at, lastModifiedDate.  They are told
 * by their name: a word for the event, and before and behind it nothing but
 * words for a time.  One list serves the classifier, promote and demote.
 */
#include "postgres.h"

#include "catalog/pg_type.h"

#include "base/base.h"
#include "catalog/facts.h"
#include "model/model.h"

/* A word for an event, of which a column may hold the time */
typedef struct EventWord
{
	const char *word;
	StampKind	kind;
} EventWord;

static const EventWord event_words[] = {
	{"created", STAMP_CREATED}, {"create", STAMP_CREATED}, {"creation", STAMP_CREATED},
	{"inserted", STAMP_CREATED}, {"insert", STAMP_CREATED}, {"added", STAMP_CREATED},
	{"updated", STAMP_UPDATED}, {"update", STAMP_UPDATED},
	{"modified", STAMP_UPDATED}, {"modification", STAMP_UPDATED},
	{"changed", STAMP_UPDATED}, {"change", STAMP_UPDATED}
};

static const char *const words_before[] = {"date", "time", "last", "row", "record"};
static const char *const words_behind[] = {
	"at", "on", "date", "time", "datetime", "timestamp", "ts", "utc"
};

static StampKind
kind_of_words(const char *words, size_t length)
{
	for (int i = 0; i < lengthof(event_words); i++)
		if (strlen(event_words[i].word) == length &&
			strncmp(event_words[i].word, words, length) == 0)
			return event_words[i].kind;
	for (int i = 0; i < lengthof(words_before); i++)
	{
		size_t		cut = strlen(words_before[i]);
		StampKind	kind = STAMP_NONE;

		if (cut < length && strncmp(words, words_before[i], cut) == 0)
			kind = kind_of_words(words + cut, length - cut);
		if (kind != STAMP_NONE)
			return kind;
	}
	for (int i = 0; i < lengthof(words_behind); i++)
	{
		size_t		cut = strlen(words_behind[i]);
		StampKind	kind = STAMP_NONE;

		if (cut < length && strncmp(words + length - cut, words_behind[i], cut) == 0)
			kind = kind_of_words(words, length - cut);
		if (kind != STAMP_NONE)
			return kind;
	}
	return STAMP_NONE;
}

/*
 * Which time a column holds, by its name.
 */
StampKind
stamp_kind(const char *name)
{
	char	   *words = squash_name(name);
	StampKind	kind = kind_of_words(words, strlen(words));

	pfree(words);
	return kind;
}

/*
 * Does a column say only when the row was made, or changed?
 */
bool
is_stamp(const ColumnFacts *column)
{
	return (column->type == TIMESTAMPTZOID || column->type == TIMESTAMPOID ||
			column->type == DATEOID) &&
		stamp_kind(column->name) != STAMP_NONE;
}

/*
 * The column of a table that holds that time, whatever its type; null if none
 * does.
 */
ColumnFacts *
find_stamp(const TableFacts *table, StampKind kind)
{
	foreach_ptr(ColumnFacts, column, table->columns)
		if (stamp_kind(column->name) == kind)
			return column;
	return NULL;
}

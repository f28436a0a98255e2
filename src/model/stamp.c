/*
 * stamp.c
 *		Recognizes stamps: columns that only hold the time when a row was
 *		inserted or last updated; and the marks of rows that are deleted, but
 *		kept.
 *
 * Frameworks spell them differently: created_at, createdAt, createdat (without
 * quotes), date_created, inserted_at, lastModifiedDate.  A stamp is recognized
 * by its name: a word for the event, with nothing but words for time before
 * and behind it.  The classifier, promote and demote all use this list.
 */
#include "postgres.h"

#include "catalog/pg_type.h"

#include "base/base.h"
#include "catalog/facts.h"
#include "model/model.h"

/* A word for an event; the list of them ends with a null */
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
	{"changed", STAMP_UPDATED}, {"change", STAMP_UPDATED},
	{NULL}
};

/* Words that say a row is deleted; no stamps, so their kind is of no matter */
static const EventWord deletion_words[] = {
	{"deleted", STAMP_UPDATED}, {"delete", STAMP_UPDATED}, {"deletion", STAMP_UPDATED},
	{"softdeleted", STAMP_UPDATED}, {"archived", STAMP_UPDATED}, {"removed", STAMP_UPDATED},
	{"discarded", STAMP_UPDATED}, {"trashed", STAMP_UPDATED}, {"revoked", STAMP_UPDATED},
	{NULL}
};

static const char *const words_before[] = {"date", "time", "last", "row", "record"};
static const char *const words_behind[] = {
	"at", "on", "date", "time", "datetime", "timestamp", "ts", "utc"
};

/*
 * Returns the kind of a name without separators, of length bytes: that of an
 * event word of the list, once words for time are taken off both ends; STAMP_NONE
 * if other words remain.
 */
static StampKind
kind_of_words(const EventWord *events, const char *words, size_t length)
{
	for (const EventWord *event = events; event->word != NULL; event++)
		if (strlen(event->word) == length && strncmp(event->word, words, length) == 0)
			return event->kind;
	for (int i = 0; i < lengthof(words_before); i++)
	{
		size_t		cut = strlen(words_before[i]);
		StampKind	kind = STAMP_NONE;

		if (cut < length && strncmp(words, words_before[i], cut) == 0)
			kind = kind_of_words(events, words + cut, length - cut);
		if (kind != STAMP_NONE)
			return kind;
	}
	for (int i = 0; i < lengthof(words_behind); i++)
	{
		size_t		cut = strlen(words_behind[i]);
		StampKind	kind = STAMP_NONE;

		if (cut < length && strncmp(words + length - cut, words_behind[i], cut) == 0)
			kind = kind_of_words(events, words, length - cut);
		if (kind != STAMP_NONE)
			return kind;
	}
	return STAMP_NONE;
}

/* Returns the event whose time a column of this name holds. */
StampKind
stamp_kind(const char *name)
{
	char	   *words = squash_name(name);
	StampKind	kind = kind_of_words(event_words, words, strlen(words));

	pfree(words);
	return kind;
}

/*
 * Is this the name of a column for the user who inserted or last updated the
 * row: created_by, updated_by_id, lastModifiedBy; or who made the link:
 * invited_by, assigned_by?
 */
bool
is_actor_name(const char *name)
{
	static const char *const link_words[] = {
		"upd", "invited", "assigned", "granted", "approved", "deleted", "removed", "revoked", "edited"
	};
	static const char *const endings[] = {"by", "byid", "byuser", "byuserid"};
	char	   *words = squash_name(name);
	size_t		length = strlen(words);

	for (int i = 0; i < lengthof(endings); i++)
	{
		size_t		cut = strlen(endings[i]);

		if (cut >= length || strcmp(words + length - cut, endings[i]) != 0)
			continue;
		if (kind_of_words(event_words, words, length - cut) != STAMP_NONE)
			return true;
		for (int j = 0; j < lengthof(link_words); j++)
			if (strlen(link_words[j]) == length - cut &&
				strncmp(words, link_words[j], length - cut) == 0)
				return true;
	}
	return false;
}

/*
 * Is the column a stamp?  It has to have the name of one, and be of type
 * timestamptz, timestamp or date.
 */
bool
is_stamp(const ColumnFacts *column)
{
	return (column->type == TIMESTAMPTZOID || column->type == TIMESTAMPOID ||
			column->type == DATEOID) &&
		stamp_kind(column->name) != STAMP_NONE;
}

/*
 * Does the column mark rows that are deleted, but kept: deleted_at, is_deleted?
 * It has to be a time, or a boolean.
 */
bool
is_deletion_mark(const ColumnFacts *column)
{
	char	   *words = squash_name(column->name);
	const char *start = words;

	if (column->type != TIMESTAMPTZOID && column->type != TIMESTAMPOID &&
		column->type != DATEOID && column->type != BOOLOID)
		return false;
	if (strncmp(start, "is", 2) == 0)
		start += 2;
	return kind_of_words(deletion_words, start, strlen(start)) != STAMP_NONE;
}

/*
 * Returns the first column of a table whose name is that of a stamp of this
 * kind, of any type; null if there is none.
 */
ColumnFacts *
find_stamp(const TableFacts *table, StampKind kind)
{
	foreach_ptr(ColumnFacts, column, table->columns)
		if (stamp_kind(column->name) == kind)
			return column;
	return NULL;
}

/*
 * link_name.c
 *		Recognizes the name of a table whose rows are links: it holds both ends
 *		(invoice_tags, perm_set_perm_map), or is a noun for a link (memberships).
 *
 * Names are compared in snake_case without the underscores, as they are and
 * with every word in the singular.  Many schemas write names without any
 * separator (businessentityaddress), so the name of a parent may begin and end
 * within a word.  A shorter needle has to be whole words.
 */
#include "postgres.h"

#include "base/base.h"
#include "catalog/facts.h"
#include "model/model.h"

/* A name without separators, and the places where its words begin and end */
typedef struct Squashed
{
	char	   *text;
	Bitmapset  *edges;
} Squashed;

/*
 * The two forms of a name: as it is, and with every word in the singular.  A
 * plural of the first holds the second too, if it ends in s.
 */
#define FORMS 2

/* A name to look for in the name of the table */
typedef struct Needle
{
	char	   *forms[FORMS];	/* without separators */
	bool		whole_words;
} Needle;

/*
 * Squash a name, which is in snake_case.  singular: put each word into the
 * singular.
 */
static Squashed
squash_words(const char *name, bool singular)
{
	StringInfoData buf;
	Squashed	squashed = {NULL, bms_make_singleton(0)};
	char	   *save = NULL;

	initStringInfo(&buf);
	for (char *word = strtok_r(pstrdup(name), "_- ", &save); word; word = strtok_r(NULL, "_- ", &save))
	{
		appendStringInfoString(&buf, singular ? singular_name(word) : word);
		squashed.edges = bms_add_member(squashed.edges, buf.len);
	}
	squashed.text = buf.data;
	return squashed;
}

/*
 * Returns the place of the first occurrence of a needle at or behind start; -1
 * if there is none.
 */
static int
find_needle(const Squashed *name, const char *needle, bool whole_words, int start)
{
	int			length = strlen(needle);
	char	   *found;

	while (length > 0 && (found = strstr(name->text + start, needle)) != NULL)
	{
		int			place = found - name->text;

		if (!whole_words ||
			(bms_is_member(place, name->edges) && bms_is_member(place + length, name->edges)))
			return place;
		start = place + 1;
	}
	return -1;
}

/* Does a name hold both needles, at places that do not overlap? */
static bool
holds_apart(const Squashed *name, const char *left, bool left_whole, const char *right, bool right_whole)
{
	int			left_length = strlen(left);
	int			right_length = strlen(right);

	for (int i = find_needle(name, left, left_whole, 0); i >= 0;
		 i = find_needle(name, left, left_whole, i + 1))
		for (int j = find_needle(name, right, right_whole, 0); j >= 0;
			 j = find_needle(name, right, right_whole, j + 1))
			if (i + left_length <= j || j + right_length <= i)
				return true;
	return false;
}

/*
 * Does the name of a table, in both forms, hold both needles?  same: they may be
 * the same word, since both ends are of one parent.
 */
static bool
holds_both(const Squashed *name, const Needle *left, const Needle *right, bool same)
{
	for (int i = 0; i < FORMS; i++)
		for (int j = i; j < FORMS; j++)
			if (same ? find_needle(&name[i], left->forms[j], left->whole_words, 0) >= 0 &&
				find_needle(&name[i], right->forms[j], right->whole_words, 0) >= 0 :
				holds_apart(&name[i], left->forms[j], left->whole_words,
							right->forms[j], right->whole_words))
				return true;
	return false;
}

/*
 * Returns a name without the words that two names begin with, such as a prefix
 * nd_; null if they have none in common.  Both names are in snake_case.
 */
static char *
without_common_words(const char *name, const char *other)
{
	int			common = 0;

	for (int i = 0; name[i] != '\0' && name[i] == other[i]; i++)
		if (name[i] == '_')
			common = i + 1;
	return common > 0 && name[common] != '\0' ? pstrdup(name + common) : NULL;
}

/*
 * Returns the noun of a column that references a parent: perm_set for
 * perm_set_id, and for perm_set; null for a column that has no noun (id).
 */
static char *
column_noun(const char *column)
{
	static const char *const endings[] = {"_id", "_ids", "_uuid", "_guid", "_fk", "_key", "_code", "_no"};
	char	   *noun = snake_case(column);
	size_t		length = strlen(noun);

	for (int i = 0; i < lengthof(endings); i++)
	{
		size_t		cut = strlen(endings[i]);

		if (length > cut && strcmp(noun + length - cut, endings[i]) == 0)
		{
			noun[length - cut] = '\0';
			return noun;
		}
	}
	return strcmp(noun, "id") == 0 ? NULL : noun;
}

/* Add a needle to a list, unless name, in snake_case, is null. */
static List *
add_needle(List *needles, char *name, bool whole_words)
{
	Needle	   *needle;

	if (name == NULL)
		return needles;
	needle = palloc(sizeof(Needle));
	for (int i = 0; i < FORMS; i++)
		needle->forms[i] = squash_words(name, i > 0).text;
	needle->whole_words = whole_words;
	return lappend(needles, needle);
}

/*
 * Returns the needles (Needle) for an end of a table.  other: the foreign key of
 * the other end.
 */
static List *
end_needles(const TableFacts *table, const ForeignKeyFacts *key, const ForeignKeyFacts *other)
{
	char	   *parent = snake_case(key->parent_name);
	List	   *needles = add_needle(NIL, parent, false);

	needles = add_needle(needles, without_common_words(parent, snake_case(other->parent_name)), true);
	if (key->nkeys == 1)
		needles = add_needle(needles, column_noun(find_column(table, key->columns[0])->name), true);
	return needles;
}

/*
 * Does the name of a table hold both of its ends?  For each it has to hold the
 * parent's name or the noun of the end's column.  Each can be in the singular or
 * in the plural, and words with which both parents begin may be left out.
 */
bool
name_holds_ends(const TableFacts *table, const ForeignKeyFacts *left, const ForeignKeyFacts *right)
{
	char	   *words = snake_case(table->name);
	Squashed	name[FORMS] = {squash_words(words, false), squash_words(words, true)};
	List	   *left_needles = end_needles(table, left, right);
	List	   *right_needles = end_needles(table, right, left);

	foreach_ptr(Needle, one, left_needles)
		foreach_ptr(Needle, two, right_needles)
			if (holds_both(name, one, two, left->parent == right->parent))
				return true;
	return false;
}

/*
 * Is a word, in the singular, one of these?  One of eight letters or more can be
 * the end of a longer word (groupmembership); shorter ones are that by chance.
 * count: of the words.
 */
static bool
is_word_of(const char *word, const char *const *words, int count)
{
	size_t		length = strlen(word);

	for (int i = 0; i < count; i++)
	{
		size_t		listed = strlen(words[i]);

		if (strcmp(word, words[i]) == 0 ||
			(listed >= 8 && length > listed && strcmp(word + length - listed, words[i]) == 0))
			return true;
	}
	return false;
}

/* Returns the last word of a noun: a part of the same string. */
static const char *
last_word(const char *noun)
{
	const char *separator = strrchr(noun, '_');

	return separator ? separator + 1 : noun;
}

/*
 * Is the name of a table a noun for a link, or does it end with one?
 */
bool
is_link_noun(const char *table)
{
	static const char *const nouns[] = {
		"membership", "member", "subscription", "subscriber", "enrollment", "enrolment",
		"assignment", "assignee", "participation", "participant", "attendance", "attendee",
		"favorite", "favourite", "bookmark", "like", "dislike", "follow", "follower", "rating",
		"vote", "upvote", "downvote", "affiliation", "friendship", "collaborator", "tagging",
		"watcher", "association", "relationship"
	};

	/* alone, these mean something else: a link to a page, a map of a city */
	static const char *const last_words[] = {
		"link", "lnk", "map", "mapping", "rel", "join", "xref", "assoc"
	};
	const char *noun = table_noun(table);
	const char *word = last_word(noun);

	return is_word_of(word, nouns, lengthof(nouns)) ||
		(word != noun && is_word_of(word, last_words, lengthof(last_words)));
}

/*
 * Is the name of a table a noun for what happened, or for a copy that is kept,
 * so that its rows repeat what they are about?
 */
bool
is_event_noun(const char *table)
{
	static const char *const nouns[] = {
		"log", "audit", "history", "event", "revision", "version", "snapshot", "archive",
		"backup", "activity", "transaction", "notification", "message", "comment"
	};

	return is_word_of(last_word(table_noun(table)), nouns, lengthof(nouns));
}

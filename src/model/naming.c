/*
 * naming.c
 *		The conventions by which constraints and indexes are named:
 *		junction.naming.
 *
 * One table has them all.  A convention is a row: a rule for each kind of name,
 * which is a pattern, and a function that makes what the pattern gives fit, as
 * the convention does.  No name is longer than 63 bytes, or cut within a
 * character.  Another convention is another row, and its name in the enum Naming.
 *
 * A name that is built here can be in use already.  free_name.c chooses one
 * that is not; naming_found.c finds out which convention a table shows.
 */
#include "postgres.h"

#include "commands/defrem.h"
#include "common/cryptohash.h"
#include "common/sha2.h"
#include "mb/pg_wchar.h"
#include "utils/guc.h"

#include "base/base.h"
#include "catalog/facts.h"
#include "model/model.h"

/* What a name is made of */
typedef struct NameParts
{
	const char *table;
	List	   *columns;
	const char *parent;			/* of a foreign key, else null */
	List	   *parent_columns;
	int			number;			/* that makes it another name, or 0 */
} NameParts;

struct NameRule;

/* Makes a name of the parts, by the rule's pattern, that fits in 63 bytes */
typedef char *(*FitName) (const struct NameRule *rule, const NameParts *parts);

/* How a convention names one kind of object */
typedef struct NameRule
{
	const char *pattern;		/* with {table}, {columns}, {columns&} (joined by
								 * _and_), {parent} and {parent_columns} */
	FitName		fit;
	const char *prefix;			/* of a name that holds a digest, else null */
} NameRule;

static char *fit_postgres(const NameRule *rule, const NameParts *parts);
static char *fit_cut(const NameRule *rule, const NameParts *parts);
static char *fit_lower(const NameRule *rule, const NameParts *parts);
static char *fit_before_label(const NameRule *rule, const NameParts *parts);
static char *fit_rails_digest(const NameRule *rule, const NameParts *parts);
static char *fit_rails_index(const NameRule *rule, const NameParts *parts);
static char *fit_ef(const NameRule *rule, const NameParts *parts);

/* junction.naming, as it is set */
static int	junction_naming = NAMING_POSTGRES;

static const struct config_enum_entry naming_options[] = {
	{"postgres", NAMING_POSTGRES, false},
	{"drizzle", NAMING_DRIZZLE, false},
	{"prisma", NAMING_PRISMA, false},
	{"knex", NAMING_KNEX, false},
	{"rails", NAMING_RAILS, false},
	{"ef", NAMING_EF, false},
	{"auto", NAMING_AUTO, false},
	{NULL, 0, false}
};

static const NameRule conventions[NAMINGS][NAME_KINDS] = {

	/*
	 * PostgreSQL shortens the longer of table and columns, never the label, and
	 * puts a number behind the label.  The pair's UNIQUE after a promotion is
	 * told from a "_key" that was there before.
	 */
	[NAMING_POSTGRES] = {
		[NAME_PRIMARY_KEY] = {"{table}_pkey", fit_postgres},
		[NAME_COMPOSITE_PRIMARY_KEY] = {"{table}_pkey", fit_postgres},
		[NAME_UNIQUE] = {"{table}_{columns}_key", fit_postgres},
		[NAME_DEMOTED] = {"{table}_{columns}_unique", fit_postgres},
		[NAME_FOREIGN_KEY] = {"{table}_{columns}_fkey", fit_postgres},
		[NAME_INDEX] = {"{table}_{columns}_idx", fit_postgres},
		[NAME_UNIQUE_INDEX] = {"{table}_{columns}_idx", fit_postgres},
	},

	/*
	 * drizzle-kit before 1.0 sends the whole name, and the server cuts its end.
	 * A primary key of one column is written with the column, so PostgreSQL
	 * names it.
	 */
	[NAMING_DRIZZLE] = {
		[NAME_PRIMARY_KEY] = {"{table}_pkey", fit_postgres},
		[NAME_COMPOSITE_PRIMARY_KEY] = {"{table}_{columns}_pk", fit_cut},
		[NAME_UNIQUE] = {"{table}_{columns}_unique", fit_cut},
		[NAME_DEMOTED] = {"{table}_{columns}_unique", fit_cut},
		[NAME_FOREIGN_KEY] = {"{table}_{columns}_{parent}_{parent_columns}_fk", fit_cut},
		[NAME_INDEX] = {"{table}_{columns}_index", fit_cut},
		[NAME_UNIQUE_INDEX] = {"{table}_{columns}_index", fit_cut},
	},

	/*
	 * Prisma takes PostgreSQL's labels, but cuts "table_columns" at its end for
	 * the label to fit.  Its @unique and @@unique are unique indexes, with the
	 * label of a UNIQUE constraint.
	 */
	[NAMING_PRISMA] = {
		[NAME_PRIMARY_KEY] = {"{table}_pkey", fit_before_label},
		[NAME_COMPOSITE_PRIMARY_KEY] = {"{table}_pkey", fit_before_label},
		[NAME_UNIQUE] = {"{table}_{columns}_key", fit_before_label},
		[NAME_DEMOTED] = {"{table}_{columns}_key", fit_before_label},
		[NAME_FOREIGN_KEY] = {"{table}_{columns}_fkey", fit_before_label},
		[NAME_INDEX] = {"{table}_{columns}_idx", fit_before_label},
		[NAME_UNIQUE_INDEX] = {"{table}_{columns}_key", fit_before_label},
	},

	/*
	 * Knex writes the name in lower case, "." and "-" as underscores, and leaves
	 * the cutting to the server; but "table_pkey" as it is.  Laravel does the
	 * same, and MikroORM for names in lower case that fit.
	 */
	[NAMING_KNEX] = {
		[NAME_PRIMARY_KEY] = {"{table}_pkey", fit_cut},
		[NAME_COMPOSITE_PRIMARY_KEY] = {"{table}_pkey", fit_cut},
		[NAME_UNIQUE] = {"{table}_{columns}_unique", fit_lower},
		[NAME_DEMOTED] = {"{table}_{columns}_unique", fit_lower},
		[NAME_FOREIGN_KEY] = {"{table}_{columns}_foreign", fit_lower},
		[NAME_INDEX] = {"{table}_{columns}_index", fit_lower},
		[NAME_UNIQUE_INDEX] = {"{table}_{columns}_unique", fit_lower},
	},

	/*
	 * Rails 7.1 and later.  A foreign key is named by the digest of a text, and
	 * so is a UNIQUE constraint; the schema dump leaves out both names.  Rails
	 * leaves the name of a primary key to PostgreSQL.
	 */
	[NAMING_RAILS] = {
		[NAME_PRIMARY_KEY] = {"{table}_pkey", fit_postgres},
		[NAME_COMPOSITE_PRIMARY_KEY] = {"{table}_pkey", fit_postgres},
		[NAME_UNIQUE] = {"{table}_{columns&}_unique", fit_rails_digest, "uniq_rails_"},
		[NAME_DEMOTED] = {"{table}_{columns&}_unique", fit_rails_digest, "uniq_rails_"},
		[NAME_FOREIGN_KEY] = {"{table}_{columns&}_fk", fit_rails_digest, "fk_rails_"},
		[NAME_INDEX] = {"index_{table}_on_{columns&}", fit_rails_index, "idx_on_"},
		[NAME_UNIQUE_INDEX] = {"index_{table}_on_{columns&}", fit_rails_index, "idx_on_"},
	},

	/*
	 * EF Core with Npgsql: a name of more than 63 characters is cut to 62, with
	 * a tilde behind them.  What a foreign key points at is an alternate key, AK.
	 */
	[NAMING_EF] = {
		[NAME_PRIMARY_KEY] = {"PK_{table}", fit_ef},
		[NAME_COMPOSITE_PRIMARY_KEY] = {"PK_{table}", fit_ef},
		[NAME_UNIQUE] = {"AK_{table}_{columns}", fit_ef},
		[NAME_DEMOTED] = {"AK_{table}_{columns}", fit_ef},
		[NAME_FOREIGN_KEY] = {"FK_{table}_{parent}_{columns}", fit_ef},
		[NAME_INDEX] = {"IX_{table}_{columns}", fit_ef},
		[NAME_UNIQUE_INDEX] = {"IX_{table}_{columns}", fit_ef},
	},
};

/* Cut a text at a character boundary, to at most so many bytes. */
static char *
clip(char *text, int bytes)
{
	text[pg_mbcliplen(text, strlen(text), bytes)] = '\0';
	return text;
}

/* Returns the names with a separator between them. */
static char *
joined(List *names, const char *separator)
{
	StringInfoData buf;

	initStringInfo(&buf);
	foreach_ptr(char, name, names)
		appendStringInfo(&buf, "%s%s", buf.len > 0 ? separator : "", name);
	return buf.data;
}

/*
 * Returns "a_b_c", cut at a character boundary to 63 bytes, as PostgreSQL puts
 * the columns into a name.
 */
char *
join_names(List *names)
{
	return clip(joined(names, "_"), NAMEDATALEN - 1);
}

/* Returns the pattern with the parts in the places of their names. */
static char *
expand(const char *pattern, const NameParts *parts)
{
	StringInfoData buf;

	initStringInfo(&buf);
	for (const char *c = pattern; *c; c++)
	{
		const char *value = NULL;

		if (strncmp(c, "{table}", 7) == 0)
			value = parts->table;
		else if (strncmp(c, "{columns}", 9) == 0)
			value = joined(parts->columns, "_");
		else if (strncmp(c, "{columns&}", 10) == 0)
			value = joined(parts->columns, "_and_");
		else if (strncmp(c, "{parent}", 8) == 0)
			value = parts->parent ? parts->parent : "";
		else if (strncmp(c, "{parent_columns}", 16) == 0)
			value = joined(parts->parent_columns, "_");
		if (value == NULL)
			appendStringInfoChar(&buf, *c);
		else
		{
			appendStringInfoString(&buf, value);
			c = strchr(c, '}');
		}
	}
	return buf.data;
}

/* Returns the name, with "_1" behind it if it has the number 1; it fits. */
static char *
numbered(char *name, int number)
{
	return number == 0 ? clip(name, NAMEDATALEN - 1) :
		makeObjectName(name, NULL, psprintf("%d", number));
}

/*
 * PostgreSQL's own way, makeObjectName(): the longer of table and columns is
 * shortened.  The number stands behind the label, which is what follows the
 * last underscore of the pattern.
 */
static char *
fit_postgres(const NameRule *rule, const NameParts *parts)
{
	const char *label = strrchr(rule->pattern, '_') + 1;
	const char *middle = strstr(rule->pattern, "{columns}") ? join_names(parts->columns) : NULL;

	if (parts->number > 0)
		label = psprintf("%s%d", label, parts->number);
	return makeObjectName(parts->table, middle, label);
}

/* The server cuts the end. */
static char *
fit_cut(const NameRule *rule, const NameParts *parts)
{
	return numbered(expand(rule->pattern, parts), parts->number);
}

/* As fit_cut(), in lower case (ASCII), with underscores for "." and "-". */
static char *
fit_lower(const NameRule *rule, const NameParts *parts)
{
	char	   *name = expand(rule->pattern, parts);

	for (char *c = name; *c; c++)
		*c = *c == '.' || *c == '-' ? '_' : pg_ascii_tolower((unsigned char) *c);
	return numbered(name, parts->number);
}

/* What is before the label is cut at its end, so that the label fits. */
static char *
fit_before_label(const NameRule *rule, const NameParts *parts)
{
	const char *label = strrchr(rule->pattern, '_');
	char	   *name = expand(pnstrdup(rule->pattern, label - rule->pattern), parts);

	return numbered(psprintf("%s%s", clip(name, NAMEDATALEN - 1 - (int) strlen(label)), label),
					parts->number);
}

/* Returns the first 10 hexadecimal digits of a text's SHA-256. */
static char *
short_digest(const char *text)
{
	pg_cryptohash_ctx *context = pg_cryptohash_create(PG_SHA256);
	uint8		digest[PG_SHA256_DIGEST_LENGTH];

	if (context == NULL || pg_cryptohash_init(context) < 0 ||
		pg_cryptohash_update(context, (const uint8 *) text, strlen(text)) < 0 ||
		pg_cryptohash_final(context, digest, sizeof(digest)) < 0)
		elog(ERROR, "could not compute SHA-256: %s", pg_cryptohash_error(context));
	pg_cryptohash_free(context);
	return psprintf("%02x%02x%02x%02x%02x", digest[0], digest[1], digest[2], digest[3], digest[4]);
}

/* The prefix and the digest of the whole. */
static char *
fit_rails_digest(const NameRule *rule, const NameParts *parts)
{
	return numbered(psprintf("%s%s", rule->prefix, short_digest(expand(rule->pattern, parts))),
					parts->number);
}

/*
 * Rails keeps an index's name to 62 bytes.  A longer one becomes
 * "idx_on_a_b_0123456789": the columns, cut, and the digest of the whole.
 */
static char *
fit_rails_index(const NameRule *rule, const NameParts *parts)
{
	const int	most = 62;
	char	   *name = expand(rule->pattern, parts);

	if (strlen(name) > most)
	{
		char	   *brief = psprintf("%s%s", rule->prefix, joined(parts->columns, "_"));

		name = psprintf("%s_%s", clip(brief, most - 11), short_digest(name));
	}
	return numbered(name, parts->number);
}

/*
 * A name of more than 63 characters, with its number, is cut, and "~" says so.
 * The server cuts what has more bytes than characters.
 */
static char *
fit_ef(const NameRule *rule, const NameParts *parts)
{
	char	   *name = expand(rule->pattern, parts);
	char	   *number = parts->number > 0 ? psprintf("%d", parts->number) : "";
	int			most = NAMEDATALEN - 1 - (int) strlen(number);

	if (pg_mbstrlen(name) > most)
	{
		name[pg_mbcharcliplen(name, strlen(name), most - 1)] = '\0';
		name = psprintf("%s~", name);
	}
	return psprintf("%s%s", clip(name, most), number);
}

/* Returns the name of a convention, as the setting has it. */
const char *
naming_name(Naming naming)
{
	return naming_options[naming].name;
}

/* Returns junction.naming, which can be NAMING_AUTO. */
Naming
naming_set(void)
{
	return junction_naming;
}

/*
 * Returns the name of a constraint or an index in a convention, whether or not
 * it is in use.  columns: its columns, in order.  parent and parent_columns
 * matter for foreign keys only.  number: 0, or one that makes it another name.
 */
char *
conventional_name(Naming naming, NameKind kind, const char *table, List *columns,
				  const char *parent, List *parent_columns, int number)
{
	const NameRule *rule = &conventions[naming][kind];
	NameParts	parts = {table, columns, parent, parent_columns, number};

	Assert(naming < NAMINGS);
	/* the name is in memory of its own */
	/* cppcheck-suppress returnDanglingLifetime */
	return rule->fit(rule, &parts);
}

/* Is this the name that the convention gives, without a number? */
bool
is_in_convention(Naming naming, const char *name, NameKind kind, const char *table,
				 List *columns, const char *parent, List *parent_columns)
{
	return strcmp(name, conventional_name(naming, kind, table, columns, parent,
										  parent_columns, 0)) == 0 ||
		(kind == NAME_UNIQUE &&
		 strcmp(name, conventional_name(naming, NAME_DEMOTED, table, columns, parent,
										parent_columns, 0)) == 0);
}

/* Is this the name that any of the conventions gives? */
bool
is_conventional(const char *name, NameKind kind, const char *table, List *columns,
				const char *parent, List *parent_columns)
{
	for (int naming = 0; naming < NAMINGS; naming++)
		if (is_in_convention(naming, name, kind, table, columns, parent, parent_columns))
			return true;
	return false;
}

/* Define the setting junction.naming. */
void
naming_init(void)
{
	DefineCustomEnumVariable("junction.naming",
							 "Sets how junction names constraints and indexes.",
							 "As PostgreSQL, drizzle-kit, Prisma, Knex, Rails or EF Core would; \"auto\" names them as the tables' own are named.",
							 &junction_naming,
							 NAMING_POSTGRES,
							 naming_options,
							 PGC_USERSET, 0, NULL, NULL, NULL);
}

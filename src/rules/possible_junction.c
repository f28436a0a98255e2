/*
 * possible_junction.c
 *		The rule possible_junction: a table may be a junction that lacks every
 *		guarantee of one.
 *
 * ORMs make "many-to-many with custom properties" like that: an id, a role and
 * two foreign keys that can be null, and no key over them.  The catalogs cannot
 * tell such a table from an order, which has a customer and a product too.  So
 * it is not a junction, and this rule says what it lacks if it is one.  It is an
 * info, and a notice where the name or the shape is that of a link.
 *
 * Left alone are tables whose rows are not links by other signs: a key says what
 * may be there once, other tables reference the row, one of two ends is only the
 * user who made the row, or the name is one for events.
 */
#include "postgres.h"

#include "utils/builtins.h"

#include "base/base.h"
#include "catalog/facts.h"
#include "model/model.h"
#include "rules/rules.h"

/*
 * The most columns of its own that a link has, without stamps, if nothing else
 * says that it is one.  A membership has a role, a status, a position; what has
 * more is mostly an order or a document.
 */
#define MAX_OWN_COLUMNS 6

/* Returns the number of columns beside the pair and the primary key but stamps. */
static int
count_own_columns(const Junction *link)
{
	int			count = 0;

	foreach_ptr(ColumnFacts, column, link->own_columns)
		if (!is_stamp(column) &&
			!(link->primary_key != NULL &&
			  bms_is_member(column->attnum, link->primary_key->column_set)) &&
			!bms_is_member(column->attnum, link->pair))
			count++;
	foreach_ptr(Endpoint, other, link->others)
		count -= bms_num_members(bms_difference(other->columns, link->pair));
	return count;
}

/*
 * Does a key, or an EXCLUDE constraint, say which rows may be there once?  Not
 * the primary key over one column that is not an end's, nor a key that only adds
 * columns to it.  named: nor one that has no column of the pair, or that is
 * partial, such as one owner of each team.
 */
static bool
has_other_key(const Junction *link, bool named)
{
	const IndexFacts *primary = link->primary_key;

	if (primary != NULL && (primary->nkeys != 1 || bms_overlap(primary->column_set, link->pair)))
		return true;
	foreach_ptr(IndexFacts, index, link->table->indexes)
	{
		if (!(index->unique || index->exclusion) || !index->usable)
			continue;
		if (primary != NULL && bms_is_subset(primary->column_set, index->column_set))
			continue;
		if (!named || index->expressions != NULL ||
			(index->predicate == NULL && bms_overlap(index->column_set, link->pair)))
			return true;
	}
	return false;
}

/*
 * Add to a list of sentence parts (char *) what the link lacks of a junction:
 * "NOT NULL on (user_id)".
 */
static List *
missing_guarantees(const Junction *link)
{
	List	   *missing = list_make1(psprintf("a key over (%s)", column_list(pair_columns(link))));
	List	   *nullable = nullable_columns(link->table, link->pair);
	List	   *kept = NIL;

	if (nullable != NIL)
		missing = lappend(missing, psprintf("NOT NULL on (%s)", column_list(nullable)));
	foreach_ptr(Endpoint, endpoint, link->endpoints)
		if (endpoint->key->on_delete != FKCONSTR_ACTION_CASCADE)
			kept = list_concat(kept, endpoint_columns(link, endpoint));
	if (kept != NIL)
		missing = lappend(missing, psprintf("ON DELETE CASCADE of (%s)", column_list(kept)));
	foreach_ptr(Endpoint, endpoint, link->endpoints)
		/* the key begins with the first end, and serves it */
		if (endpoint->served_by == NULL && endpoint != linitial(link->endpoints))
			missing = lappend(missing, psprintf("an index on (%s)",
												column_list(endpoint_columns(link, endpoint))));
	return missing;
}

/* Returns "a, b and c". */
static char *
enumerate(List *parts)
{
	StringInfoData buf;

	initStringInfo(&buf);
	foreach_ptr(char, part, parts)
		appendStringInfo(&buf, "%s%s", foreach_current_index(part) == 0 ? "" :
						 foreach_current_index(part) == list_length(parts) - 1 ? " and " : ", ", part);
	return buf.data;
}

/*
 * Add the finding.  It has no fix before somebody looks at the rows: the key is
 * fix_if_link.
 */
static void
add_possible(const Rule *rule, const Junction *junction, const Junction *link, bool likely,
			 Findings *findings)
{
	const Endpoint *left = linitial(link->endpoints);
	const Endpoint *right = lsecond(link->endpoints);
	Finding    *finding = add_finding(rule, junction, pair_columns(link), findings);

	if (likely)
		finding->severity = SEVERITY_NOTICE;
	finding->message = psprintf("%s may be a junction of %s and %s",
								quote_identifier(link->table->name),
								quote_identifier(left->key->parent_name),
								quote_identifier(right->key->parent_name));
	finding->detail = psprintf("If its rows are links, it lacks %s. Put \"@junction\" into the comment of the table to have it treated as a junction, or \"@junction ignore possible_junction\" if it is none.",
							   enumerate(missing_guarantees(link)));
	finding->fix_if_link = missing_key_fix(link, findings);
	finding->makes_primary_key = finding->fix_if_link != NULL && link->primary_key == NULL;
	finding->rebuilt = findings->key_rebuilt;
}

/*
 * possible_junction: a table has two ends and no key over them, and it cannot be
 * told whether its rows are links.
 */
void
rule_possible_junction(const Rule *rule, const Junction *junction, Findings *findings)
{
	const TableFacts *table = junction->table;
	Junction   *link;
	Endpoint   *left;
	Endpoint   *right;
	bool		named;
	int			own;

	/* names are looked at last, as that takes the most time */
	if (junction->kind != JUNCTION_NONE || list_length(junction->candidates) < 2 ||
		table->extension_member || (link = classify_as_link(table)) == NULL)
		return;
	left = linitial(link->endpoints);
	right = lsecond(link->endpoints);
	if (has_other_key(link, true))
		return;
	/* a table of currency rates is named after both of its ends, if they are one */
	named = is_link_noun(table->name) ||
		(left->key->parent != right->key->parent && name_holds_ends(table, left->key, right->key));
	own = count_own_columns(link);
	if (has_other_key(link, named) || is_event_noun(table->name) ||
		is_polymorphic_link(table) || is_payloads(table))
		return;
	if (!named && (table->referenced != NIL || own > MAX_OWN_COLUMNS ||
				   is_actor(left, table) || is_actor(right, table)))
		return;
	add_possible(rule, junction, link, named || own == 0, findings);
}

/*
 * promote_effects.c
 *		Raises notices and warnings about effects of a promotion that are not
 *		refused but may be unexpected.
 *
 * A dry run raises them too.  junction.dependents (dependents.c) lists all
 * effects; here are those that cause errors later if the user does not know
 * them.
 */
#include "postgres.h"

#include "utils/builtins.h"

#include "base/base.h"
#include "catalog/facts.h"
#include "model/model.h"
#include "promote/promote.h"

/*
 * Warns if the id's key gets the name that the pair's key had: ON CONFLICT ON
 * CONSTRAINT with this name is accepted before and after the promotion, but
 * names another key.
 */
static void
warn_of_key_name(const Promotion *promotion)
{
	const IndexFacts *key = promotion->junction->pair_key;
	const char *name = index_name(key);

	if (!promotion->demotes || !is_conflict_target(key) || !reuses_key_name(promotion))
		return;
	ereport(WARNING,
			(errmsg("name \"%s\" moves from the key of the pair to the key of the id", name),
			 errdetail("ON CONFLICT ON CONSTRAINT %s is still accepted, but raises an error (23505) if the pair exists already.",
					   quote_identifier(name)),
			 errhint("Write ON CONFLICT (%s), or let the key of the pair keep the name: unique_name => %s.",
					 column_list(pair_columns(promotion->junction)), quote_literal_cstr(name))));
}

/*
 * Raises a NOTICE if a demotion will not restore the present state: it makes
 * a whole pair key primary even if that is UNIQUE now, and leaves the columns
 * of the primary key NOT NULL, but for those that an unfinished promotion has
 * added, which it drops.
 */
static void
tell_of_way_back(const Promotion *promotion)
{
	const IndexFacts *key = promotion->junction->pair_key;

	foreach_ptr(char, name, promotion->primary_key)
	{
		const ColumnFacts *column = find_column_by_name(promotion->table, name);

		if (column != NULL && !column->notnull &&
			(promotion->begun == NULL || column->attnum < promotion->begun->attnum))
			ereport(NOTICE,
					(errmsg("column \"%s\" of \"%s\" will be NOT NULL, and stay so after a demotion",
							name, display_name(promotion->table->oid)),
					 errdetail("It becomes part of the primary key.")));
	}
	if (promotion->demotes || key->predicate != NULL)
		return;
	ereport(NOTICE,
			(errmsg("a demotion will not restore the present key of \"%s\"",
					display_name(promotion->table->oid)),
			 errdetail("The key of its pair, \"%s\", is not a primary key. junction.demote makes it one, or refuses if that is not possible.",
					   index_name(key)),
			 errhint("To have the same key after a demotion, make the pair (%s) the primary key first.",
					 column_list(pair_columns(promotion->junction)))));
}

/*
 * Raises all of them. The table is open and locked, and check_promotion() has
 * passed.
 */
void
tell_of_promotion(const Promotion *promotion)
{
	warn_of_publications(promotion);
	warn_of_key_name(promotion);
	tell_of_way_back(promotion);
	if (promotion->placement.layout != LAYOUT_LOCAL && promotion->renamed)
		tell_kept_names(promotion->table, promotion->junction->pair_key->oid);
}

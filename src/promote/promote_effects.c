/*
 * promote_effects.c
 *		What a promotion tells beforehand: effects for which it is not refused, and
 *		which the one who asked for it may not expect.
 *
 * A dry run tells the same.  junction.dependents (dependents.c) lists all that
 * a promotion touches; here is what goes wrong later if nobody knows.
 */
#include "postgres.h"

#include "utils/builtins.h"

#include "base/base.h"
#include "catalog/facts.h"
#include "model/model.h"
#include "promote/promote.h"

/*
 * Warn if the pair's key and the id's have the same name, before and after: ON
 * CONFLICT ON CONSTRAINT is accepted by both, and means another thing.
 */
static void
warn_of_key_name(const Promotion *promotion)
{
	const IndexFacts *key = promotion->junction->pair_key;
	const char *name = index_name(key);

	if (!promotion->demotes || !is_conflict_target(key) || !reuses_key_name(promotion))
		return;
	ereport(WARNING,
			(errmsg("\"%s\" becomes the name of the id's key, and was that of the pair's", name),
			 errdetail("ON CONFLICT ON CONSTRAINT %s is accepted as before, and raises an error (23505) where the pair is there already.",
					   quote_identifier(name)),
			 errhint("Write ON CONFLICT (%s), or let the pair keep the name: unique_name => %s.",
					 column_list(pair_columns(promotion->junction)), quote_literal_cstr(name))));
}

/*
 * Tell if a demotion will not bring back what is there now: it makes the pair's
 * key primary, but for one that is partial, and a column that is NOT NULL stays
 * so.
 */
static void
tell_of_way_back(const Promotion *promotion)
{
	const IndexFacts *key = promotion->junction->pair_key;

	foreach_ptr(char, name, promotion->primary_key)
	{
		const ColumnFacts *column = find_column_by_name(promotion->table, name);

		if (column != NULL && !column->notnull)
			ereport(NOTICE,
					(errmsg("column \"%s\" of \"%s\" will be NOT NULL, and stay so after a demotion",
							name, display_name(promotion->table->oid)),
					 errdetail("It is to be in the primary key.")));
	}
	if (promotion->demotes || key->predicate != NULL)
		return;
	ereport(NOTICE,
			(errmsg("a demotion will not leave \"%s\" as it is now",
					display_name(promotion->table->oid)),
			 errdetail("Its pair is held by \"%s\", which is no primary key. junction.demote makes it one, and refuses where that cannot be.",
					   index_name(key)),
			 errhint("To be able to come back to this, make the pair (%s) the primary key before.",
					 column_list(pair_columns(promotion->junction)))));
}

/*
 * Tell what a promotion that is not refused changes all the same for who uses
 * the table.
 */
void
tell_of_promotion(const Promotion *promotion)
{
	warn_of_publications(promotion);
	warn_of_key_name(promotion);
	tell_of_way_back(promotion);
}

/*
 * snapshot.c
 *		Whether a transaction with one snapshot sees what others have committed.
 *
 * In such a transaction (REPEATABLE READ, SERIALIZABLE) the statements of a plan
 * see the rows as they were at its start, but our counts see them as they are now,
 * as constraints do.
 */
#include "postgres.h"

#include "access/xact.h"

#include "base/base.h"
#include "catalog/facts.h"
#include "statement/statement.h"

/*
 * Refuse to go on if the transaction has one snapshot, and another transaction has
 * changed the table since: 40001, as the server does.  verb: "split", for the
 * message.  The caller holds a lock on the table that keeps writers off.
 */
void
check_snapshot(Oid relid, const char *verb)
{
	char	   *query;
	OwnerRole	role;
	int64		then[2];
	int64		now[2];

	if (!IsolationUsesXactSnapshot())
		return;
	become_owner(&role, relid);
	query = psprintf("SELECT pg_catalog.count(*), COALESCE(pg_catalog.sum(pg_catalog.hashtextextended(pg_catalog.concat(link.tableoid, link.ctid, link.xmin), 0::pg_catalog.int8)) OPERATOR(pg_catalog.%%) 4611686018427387904::pg_catalog.numeric, 0)::pg_catalog.int8 FROM %s AS link",
					 qualified_name(relid));
	change_and_count(query, then, 2);
	select_counts(query, now, 2);
	become_caller(&role);
	if (then[0] != now[0] || then[1] != now[1])
		ereport(ERROR,
				(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
				 errmsg("could not %s \"%s\" due to concurrent update", verb, display_name(relid)),
				 errhint("The transaction might succeed if retried.")));
}

/*
 * subscribers.c
 *		What the subscribers of a published junction get when it is promoted, and
 *		what to do there.
 *
 * PostgreSQL does not decode a rewrite of a table, so promote sends none of the
 * rows that exist.  The fill of promote_concurrently is an UPDATE of each row,
 * and is sent like any other.  test/t/subscribers.sh tries both.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_publication.h"
#include "catalog/pg_publication_rel.h"
#include "utils/syscache.h"

#include "catalog/facts.h"
#include "promote/promote.h"

/* Reads what a publication sends of a table. */
void
read_published(Published *published, Oid publication, Oid relid)
{
	PublicationActions actions = GetPublication(publication)->pubactions;
	HeapTuple	tuple = SearchSysCache2(PUBLICATIONRELMAP, ObjectIdGetDatum(relid),
										ObjectIdGetDatum(publication));

	published->updates = actions.pubupdate;
	published->deletes = actions.pubdelete;
	published->columns = HeapTupleIsValid(tuple) && !heap_attisnull(tuple, Anum_pg_publication_rel_prattrs, NULL);
	published->filter = HeapTupleIsValid(tuple) && !heap_attisnull(tuple, Anum_pg_publication_rel_prqual, NULL);
	if (HeapTupleIsValid(tuple))
		ReleaseSysCache(tuple);
}

/*
 * Returns what the subscribers get of the rows that exist.  A column list does
 * not have the new columns.  promote_concurrently refuses a table with partitions
 * or children.
 */
const char *
sent_rows(const Published *published, const TableFacts *table)
{
	if (table->kind == RELKIND_PARTITIONED_TABLE || has_subclass(table->oid))
		return "promote sends no existing row";
	if (!published->updates)
		return "promote and promote_concurrently send no existing row";
	return published->columns ?
		"promote sends no existing row, promote_concurrently sends each as an UPDATE of the listed columns" :
		"promote sends no existing row, promote_concurrently sends each as an UPDATE, with its id";
}

/*
 * Returns what to do at the subscribers.  They find the table by its name, and
 * stop at the first change that holds a column which they lack.  Rows that were
 * not sent have no id there, so a change that names a row by its id does not find
 * them.  moves_identity: the id becomes the replica identity.
 */
const char *
subscribers_action(const Published *published, bool moves_identity)
{
	bool		lost = moves_identity && (published->updates || published->deletes);

	if (published->columns)
		return "Rename the table at the subscribers at the same time.";
	return psprintf("Add the new columns at the subscribers first: without them a subscriber stops at the next change. Rename the table there at the same time. %s, copy its rows again: those that are there have no id%s.",
					published->updates ? "After promote" : "Afterwards",
					lost ? ", so that no UPDATE or DELETE finds them" : "");
}

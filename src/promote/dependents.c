/*
 * dependents.c
 *		junction.dependents: lists the objects that a promotion would affect.
 *
 * A promotion keeps the table and the index of its key, so objects that
 * depend on either stay.  But it renames both, adds columns, and makes the id
 * the primary key, and some objects are affected by that.  Most are found in
 * pg_depend.  For effects that no catalog shows, such as SQL in applications,
 * a fixed row is returned.
 *
 * Reads catalogs under an ACCESS SHARE lock on the table (and the table's
 * rows only for a refusal's detail).  The objects themselves are not locked:
 * one that is dropped meanwhile is left out.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/relation.h"
#include "access/table.h"
#include "access/transam.h"
#include "catalog/dependency.h"
#include "catalog/objectaddress.h"
#include "catalog/pg_class.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_depend.h"
#include "catalog/pg_language.h"
#include "catalog/pg_policy.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_publication.h"
#include "catalog/pg_rewrite.h"
#include "catalog/pg_trigger.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"
#include "utils/tuplestore.h"

#include "base/base.h"
#include "catalog/facts.h"
#include "check/check.h"
#include "model/model.h"
#include "promote/promote.h"

/* In the order of the returned rows; kind_names has the same order */
typedef enum DependentKind
{
	DEPENDENT_FOREIGN_KEY,
	DEPENDENT_VIEW,
	DEPENDENT_MATERIALIZED_VIEW,
	DEPENDENT_FUNCTION,
	DEPENDENT_RULE,
	DEPENDENT_COLUMN,
	DEPENDENT_POLICY,
	DEPENDENT_TRIGGER,
	DEPENDENT_PUBLICATION,
	DEPENDENT_REPLICA_IDENTITY,
	DEPENDENT_CONFLICT_TARGET,
	DEPENDENT_FUNCTION_BODY,
	DEPENDENT_READERS,
	DEPENDENT_NONE
} DependentKind;

static const char *const kind_names[] = {
	"foreign key", "view", "materialized view", "function", "rule", "column", "policy", "trigger",
	"publication", "replica identity", "conflict target", "function body", "readers"
};

/* What of the table an object depends on */
typedef enum Basis
{
	BASIS_KEY,					/* on the key, as long as it is primary */
	BASIS_ROW,					/* on the row type, or its array type */
	BASIS_TABLE					/* on the table or its columns */
} Basis;

typedef struct Dependent
{
	DependentKind kind;
	const char *object;
	const char *effect;
	const char *sent;			/* what of the rows subscribers get, or null */
	const char *action;			/* null if there is nothing to do */
	bool		refuses;		/* makes the table refuse writes afterwards */
} Dependent;

typedef struct Dependents
{
	const Junction *junction;
	bool		demotes;		/* the pair key is the primary key */
	bool		moves_identity; /* the replica identity changes from the pair to
								 * the id */
	bool		published;		/* by any publication */
	bool		identifies;		/* one of them publishes updates or deletes */
	ObjectAddresses *seen;		/* those that are in the list */
	List	   *list;			/* of Dependent */
} Dependents;

/* Adds a row and returns it. action: null if there is nothing to do. */
static Dependent *
add(Dependents *dependents, DependentKind kind, const char *object, const char *effect,
	const char *action)
{
	Dependent  *dependent = palloc0(sizeof(Dependent));

	dependent->kind = kind;
	dependent->object = object;
	dependent->effect = effect;
	dependent->action = action;
	dependents->list = lappend(dependents->list, dependent);
	return dependent;
}

/* Returns the kind of a rule. For the rule of a view, *object becomes the view. */
static DependentKind
kind_of_rule(Form_pg_rewrite rule, ObjectAddress *object)
{
	char		relkind = get_rel_relkind(rule->ev_class);

	if (rule->ev_type != '0' + CMD_SELECT)
		return DEPENDENT_RULE;
	ObjectAddressSet(*object, RelationRelationId, rule->ev_class);
	return relkind == RELKIND_MATVIEW ? DEPENDENT_MATERIALIZED_VIEW : DEPENDENT_VIEW;
}

/* Returns FOREIGN_KEY if it references the table, and is not the copy for a partition. */
static DependentKind
kind_of_constraint(const Dependents *dependents, Form_pg_constraint con)
{
	return con->contype == CONSTRAINT_FOREIGN && !OidIsValid(con->conparentid) &&
		con->confrelid == dependents->junction->table->oid ?
		DEPENDENT_FOREIGN_KEY : DEPENDENT_NONE;
}

/* Returns COLUMN for a stored column, which prevents a rewrite; a view's does not. */
static DependentKind
kind_of_column(const ObjectAddress *object)
{
	char		relkind = get_rel_relkind(object->objectId);

	return object->objectSubId > 0 &&
		(RELKIND_HAS_STORAGE(relkind) || relkind == RELKIND_PARTITIONED_TABLE) ?
		DEPENDENT_COLUMN : DEPENDENT_NONE;
}

/* Returns the kind of a dependent object; DEPENDENT_NONE if it is not listed. */
static DependentKind
kind_of(const Dependents *dependents, ObjectAddress *object, Basis basis)
{
	Relation	catalog;
	HeapTuple	tuple;
	DependentKind kind = DEPENDENT_NONE;

	if (object->classId == ProcedureRelationId)
		return DEPENDENT_FUNCTION;
	if (object->classId == PolicyRelationId)
		return DEPENDENT_POLICY;
	if (object->classId == RelationRelationId && basis == BASIS_ROW)
		return kind_of_column(object);
	if (object->classId != RewriteRelationId && object->classId != ConstraintRelationId &&
		object->classId != TriggerRelationId)
		return DEPENDENT_NONE;

	catalog = table_open(object->classId, AccessShareLock);
	tuple = get_catalog_object_by_oid(catalog, get_object_attnum_oid(object->classId),
									  object->objectId);
	if (HeapTupleIsValid(tuple))
	{
		if (object->classId == RewriteRelationId)
			kind = kind_of_rule((Form_pg_rewrite) GETSTRUCT(tuple), object);
		else if (object->classId == ConstraintRelationId)
			kind = kind_of_constraint(dependents, (Form_pg_constraint) GETSTRUCT(tuple));
		else if (!((Form_pg_trigger) GETSTRUCT(tuple))->tgisinternal)
			kind = DEPENDENT_TRIGGER;
	}
	table_close(catalog, AccessShareLock);
	return kind;
}

/* Returns "ON CONFLICT (user_id, org_id)", which works before and after a promotion. */
static char *
conflict_columns(const Dependents *dependents)
{
	return psprintf("ON CONFLICT (%s)", column_list(pair_columns(dependents->junction)));
}

/* Adds an object unless it is listed: callers add those that block a promotion first. */
static void
add_object(Dependents *dependents, ObjectAddress object, Basis basis)
{
	DependentKind kind = kind_of(dependents, &object, basis);
	const char *effect = "stays, and follows the new name";
	const char *action = NULL;
	const char *name;

	if (kind == DEPENDENT_NONE || object_address_present(&object, dependents->seen))
		return;
	name = getObjectIdentity(&object, true);
	if (name == NULL)
		return;
	add_exact_object_address(&object, dependents->seen);

	if (basis == BASIS_KEY)
	{
		effect = "promote refuses: it depends on the primary key";
		action = psprintf("Where it groups by the key, group by all columns; where it has ON CONFLICT ON CONSTRAINT, write %s; or drop it, and create it again afterwards.",
						  conflict_columns(dependents));
	}
	else if (kind == DEPENDENT_COLUMN)
	{
		effect = "promote refuses: it stores values of the row type of this table";
		action = "Drop the column, or change its type.";
	}
	else if (basis == BASIS_ROW)
	{
		effect = "stays; the rows that it takes or returns have more columns";
		action = "Change it where it lists the columns of such a row.";
	}
	else if (kind == DEPENDENT_FOREIGN_KEY)
		effect = "goes on working: the index that it points at stays";
	else if (kind == DEPENDENT_VIEW || kind == DEPENDENT_MATERIALIZED_VIEW)
		effect = "stays, and follows the new name; it does not show the new columns";
	else if (kind == DEPENDENT_TRIGGER)
		effect = "stays; its TG_TABLE_NAME is the new name";
	add(dependents, kind, name, effect, action);
}

/*
 * Adds the objects that depend on an object by pg_depend.  For a primary key,
 * also those that depend on the partitions' primary keys.
 */
static void
add_dependents(Dependents *dependents, Oid classid, Oid objectid, Basis basis)
{
	CatalogScan scan;
	HeapTuple	tuple;

	scan_dependents_of(&scan, classid, objectid, 0, NULL);
	while ((tuple = next_row(&scan)) != NULL)
	{
		Form_pg_depend dep = (Form_pg_depend) GETSTRUCT(tuple);

		if (basis == BASIS_KEY && dep->classid == ConstraintRelationId &&
			dep->deptype == DEPENDENCY_PARTITION_PRI)
			add_dependents(dependents, dep->classid, dep->objid, basis);
		else if (basis == BASIS_TABLE || dep->deptype == DEPENDENCY_NORMAL)
			add_object(dependents, (ObjectAddress) {dep->classid, dep->objid, dep->objsubid}, basis);
	}
	end_scan(&scan);
}

/* Returns the statement that keeps the pair as replica identity; partitions have their own. */
static const char *
keep_identity(const Dependents *dependents)
{
	if (dependents->junction->table->kind == RELKIND_PARTITIONED_TABLE)
		return "ALTER TABLE ... REPLICA IDENTITY USING INDEX of each partition, with the index of its key";
	return psprintf("ALTER TABLE %s REPLICA IDENTITY USING INDEX %s",
					qualified_name(dependents->junction->table->oid),
					quote_identifier(index_name(dependents->junction->pair_key)));
}

/*
 * Adds a publication.  A row filter or column list must fit the replica identity
 * if updates or deletes are published.
 */
static void
add_publication(Dependents *dependents, Oid oid, const char *effect)
{
	ObjectAddress object = {PublicationRelationId, oid, 0};
	const char *name = getObjectIdentity(&object, true);
	const char *action;
	Dependent  *dependent;
	Published	published;
	bool		changes;
	bool		refuses;

	if (name == NULL || object_address_present(&object, dependents->seen))
		return;
	add_exact_object_address(&object, dependents->seen);
	dependents->published = true;

	read_published(&published, oid, dependents->junction->table->oid);
	changes = published.updates || published.deletes;
	dependents->identifies |= changes;
	action = subscribers_action(&published, dependents->moves_identity);
	refuses = dependents->moves_identity && (published.columns || published.filter) && changes;
	if (refuses)
	{
		effect = psprintf("stays, and makes the table refuse %s: its %s does not fit the id as replica identity",
						  !published.deletes ? "UPDATE" : !published.updates ? "DELETE" : "UPDATE and DELETE",
						  published.columns ? "column list" : "row filter");
		action = psprintf("To keep the pair as replica identity, run before the promotion: %s. %s", keep_identity(dependents), action);
	}
	dependent = add(dependents, DEPENDENT_PUBLICATION, name, effect, action);
	dependent->sent = sent_rows(&published, dependents->junction->table);
	dependent->refuses = refuses;
}

/* Adds the publications of the table, of its schema and of all tables. */
static void
add_publications(Dependents *dependents, Relation rel)
{
	if (!is_publishable_relation(rel))
		return;
	foreach_oid(direct, GetRelationIncludedPublications(RelationGetRelid(rel)))
		add_publication(dependents, direct, "stays, and publishes the table under its new name");
	foreach_oid(by_schema, GetSchemaPublications(RelationGetNamespace(rel)))
		add_publication(dependents, by_schema, "stays, and publishes the table with its schema");
	if (rel->rd_rel->relpersistence == RELPERSISTENCE_PERMANENT)
		foreach_oid(for_all, find_all_tables_publications(RelationGetRelid(rel)))
			add_publication(dependents, for_all, "stays, and publishes the table as it publishes all tables");
}

/* Adds the replica identity. Publications have been added before. */
static void
add_replica_identity(Dependents *dependents)
{
	const TableFacts *table = dependents->junction->table;
	const char *object = table->identity == REPLICA_IDENTITY_FULL ? "FULL" :
		table->identity == REPLICA_IDENTITY_NOTHING ? "NOTHING" :
		table->identity == REPLICA_IDENTITY_DEFAULT ? "DEFAULT" : "USING INDEX";
	const char *effect = table->identity != REPLICA_IDENTITY_DEFAULT ? "stays" :
		dependents->moves_identity && dependents->identifies ?
		"is the pair now, and becomes the id; a subscriber whose key is the pair then stops at the next UPDATE or DELETE" :
		dependents->moves_identity ? "is the pair now, and becomes the id" :
		"does not exist now, and becomes the id";
	const char *action = NULL;

	foreach_ptr(IndexFacts, index, table->indexes)
		if (table->identity == REPLICA_IDENTITY_INDEX && index->replica_identity)
			object = psprintf("USING INDEX %s", quote_identifier(index_name(index)));
	if (dependents->moves_identity && dependents->published)
		action = psprintf("To keep the pair, run before the promotion: %s.%s", keep_identity(dependents),
						  !dependents->identifies ? "" :
						  " Otherwise make the id the primary key at the subscribers, too.");
	add(dependents, DEPENDENT_REPLICA_IDENTITY, object, effect, action);
}

/*
 * Returns true if a promotion with default arguments and without a new table
 * name would give the id's key the name that the pair's key has now.
 */
static bool
id_takes_name(const Junction *junction)
{
	Promotion	promotion = {
		.junction = (Junction *) junction,
		.table = junction->table,
		.name = junction->table->name,
		.primary_key = list_make1("id"),
		.demotes = junction->pair_key->primary
	};

	return reuses_key_name(&promotion);
}

/*
 * Adds a row for ON CONFLICT ON CONSTRAINT with the name of the pair's key.
 * After the promotion, that raises an error at once if the name is gone, and
 * only at a conflict if the id's key has the name.
 */
static void
add_conflict_target(Dependents *dependents)
{
	const Junction *junction = dependents->junction;
	const IndexFacts *key = junction->pair_key;
	const char *name = quote_identifier(index_name(key));
	char	   *effect;

	if (!is_conflict_target(key))
		return;
	if (dependents->demotes && id_takes_name(junction))
		effect = psprintf("gets another name; if the table keeps its name, the id's key gets this one, and ON CONFLICT ON CONSTRAINT %s raises 23505 for an existing pair; the catalogs do not show which applications write that",
						  name);
	else
		effect = psprintf("%s another name; the catalogs do not show which applications write ON CONFLICT ON CONSTRAINT %s",
						  dependents->demotes ? "gets" : "may get", name);
	add(dependents, DEPENDENT_CONFLICT_TARGET, name, effect,
		psprintf("Search applications for the name, and write %s; or let the pair's key keep it: unique_name => %s.",
				 conflict_columns(dependents), quote_literal_cstr(index_name(key))));
}

/* Adds a function whose body holds the name of the key or the table, bare or quoted. */
static void
add_function_body(Dependents *dependents, Oid oid, const char *source)
{
	const char *table = dependents->junction->table->name;
	const char *key = index_name(dependents->junction->pair_key);
	ObjectAddress object = {ProcedureRelationId, oid, 0};
	const char *effect;
	const char *name;

	if (holds_word(source, key) || holds_word(source, quote_identifier(key)))
		effect = psprintf("may use the key %s, which is renamed", quote_identifier(key));
	else if (holds_word(source, table) || holds_word(source, quote_identifier(table)))
		effect = psprintf("may use the table as %s, which a new name breaks", quote_identifier(table));
	else
		return;
	name = getObjectIdentity(&object, true);
	if (name != NULL)
		add(dependents, DEPENDENT_FUNCTION_BODY, name, effect,
			"Read its body, and write the new name there if it uses the old one.");
}

/* Searches the bodies of all functions but the server's own and those in C. */
static void
add_function_bodies(Dependents *dependents)
{
	CatalogScan scan;
	HeapTuple	tuple;

	scan_catalog(&scan, ProcedureRelationId, NULL);
	while ((tuple = next_row(&scan)) != NULL)
	{
		Form_pg_proc proc = (Form_pg_proc) GETSTRUCT(tuple);
		bool		isnull;
		Datum		source;
		char	   *body;

		CHECK_FOR_INTERRUPTS();
		if (proc->oid < FirstNormalObjectId || proc->prolang == INTERNALlanguageId ||
			proc->prolang == ClanguageId)
			continue;
		source = heap_getattr(tuple, Anum_pg_proc_prosrc, RelationGetDescr(scan.catalog), &isnull);
		if (isnull)
			continue;
		body = TextDatumGetCString(source);
		add_function_body(dependents, proc->oid, body);
		pfree(body);
	}
	end_scan(&scan);
}

/*
 * Adds a row for API layers that find a junction by its primary key: it must
 * hold both foreign keys.  The action names the argument primary_key =>
 * '{id,user_id,org_id}'.
 */
static void
add_readers(Dependents *dependents)
{
	List	   *names = lcons("id", pair_columns(dependents->junction));

	if (!dependents->demotes)
		return;
	add(dependents, DEPENDENT_READERS, "API layers such as PostgREST",
		"stop embedding through the table, if they recognize a junction by its primary key only",
		psprintf("Keep the pair in the key: primary_key => %s.",
				 quote_literal_cstr(OidOutputFunctionCall(F_ARRAY_OUT, names_to_array(names)))));
}

/* Sets what is known of the junction; the list is empty. */
static void
start(Dependents *dependents, const Junction *junction)
{
	const IndexFacts *key = junction->pair_key;

	dependents->junction = junction;
	dependents->demotes = key->primary;
	dependents->moves_identity = key->primary && !key->deferrable &&
		junction->table->identity == REPLICA_IDENTITY_DEFAULT;
	dependents->seen = new_object_addresses();
}

/* Warns of each publication that would make the promoted table refuse UPDATE or DELETE. */
void
warn_of_publications(const Promotion *promotion)
{
	Dependents	dependents = {0};

	start(&dependents, promotion->junction);
	add_publications(&dependents, promotion->rel);
	foreach_ptr(Dependent, dependent, dependents.list)
		if (dependent->refuses)
			ereport(WARNING,
					(errmsg("publication %s %s", dependent->object, dependent->effect),
					 errhint("%s", dependent->action)));
}

/* Fills the list. The table is open and locked. */
static void
find_dependents(Dependents *dependents, Relation rel)
{
	const IndexFacts *key = dependents->junction->pair_key;
	Oid			row = rel->rd_rel->reltype;

	if (dependents->demotes)
		add_dependents(dependents, ConstraintRelationId, get_index_constraint(key->oid), BASIS_KEY);
	add_dependents(dependents, TypeRelationId, row, BASIS_ROW);
	add_dependents(dependents, TypeRelationId, get_array_type(row), BASIS_ROW);
	add_dependents(dependents, RelationRelationId, RelationGetRelid(rel), BASIS_TABLE);
	add_publications(dependents, rel);
	add_replica_identity(dependents);
	add_conflict_target(dependents);
	add_function_bodies(dependents);
	add_readers(dependents);
}

/* A list_sort comparator: by kind, then by name. */
static int
compare_dependents(const ListCell *a, const ListCell *b)
{
	const Dependent *left = lfirst(a);
	const Dependent *right = lfirst(b);

	return left->kind != right->kind ? (int) left->kind - (int) right->kind :
		strcmp(left->object, right->object);
}

/* Returns one row to the caller of the function. */
static void
return_dependent(ReturnSetInfo *rsinfo, const Dependent *dependent)
{
	Datum		values[4] = {0};
	bool		nulls[4] = {0};
	int			i = 0;

	values[i++] = CStringGetTextDatum(kind_names[dependent->kind]);
	values[i++] = CStringGetTextDatum(dependent->object);
	values[i++] = CStringGetTextDatum(dependent->sent == NULL ? dependent->effect :
									  psprintf("%s; %s", dependent->effect, dependent->sent));
	nulls[i] = dependent->action == NULL;
	if (dependent->action != NULL)
		values[i] = CStringGetTextDatum(dependent->action);
	i++;
	Assert(i == 4);
	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
}

PG_FUNCTION_INFO_V1(junction_dependents);

/*
 * junction.dependents(junction regclass)
 *	returns table (kind text, object text, effect text, action text)
 *
 * Any role may ask for any table.  42P01 for a table that is gone, 42809 for
 * a table that is not a junction that can be promoted, 55000 for an entity.
 */
Datum
junction_dependents(PG_FUNCTION_ARGS)
{
	static const char *const required[] = {"junction"};
	Dependents	dependents = {0};
	Junction   *junction;
	Relation	rel;

	check_arguments(fcinfo, required, lengthof(required));
	rel = open_table_to_reference(PG_GETARG_OID(0), AccessShareLock);
	junction = require_junction(RelationGetRelid(rel));
	check_promotable(junction);
	start(&dependents, junction);
	find_dependents(&dependents, rel);
	relation_close(rel, AccessShareLock);

	list_sort(dependents.list, compare_dependents);
	InitMaterializedSRF(fcinfo, 0);
	foreach_ptr(Dependent, dependent, dependents.list)
		return_dependent((ReturnSetInfo *) fcinfo->resultinfo, dependent);
	return (Datum) 0;
}

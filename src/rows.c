/*
 * rows.c
 *		Facts copied out of catalog rows: a foreign key, an index, a column.
 *
 * The rows are those that catalog.c finds.  What operators and operator classes
 * mean comes from the syscache; a database uses few of them, many times, so the
 * answers are kept for the time of a read.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/stratnum.h"
#include "catalog/pg_am.h"
#include "catalog/pg_amop.h"
#include "catalog/pg_attribute.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_index.h"
#include "catalog/pg_opclass.h"
#include "utils/builtins.h"
#include "utils/catcache.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "junction.h"

/* The families of an operator, or the family and method of an operator class */
typedef struct Meaning
{
	Oid			oid;
	List	   *families;
	Oid			family;
	Oid			method;
} Meaning;

static Meaning *
find_meaning(List *meanings, Oid oid)
{
	foreach_ptr(Meaning, meaning, meanings)
		if (meaning->oid == oid)
			return meaning;
	return NULL;
}

static Meaning *
add_meaning(List **meanings, Oid oid)
{
	Meaning    *meaning = palloc0(sizeof(Meaning));

	meaning->oid = oid;
	*meanings = lappend(*meanings, meaning);
	return meaning;
}

/*
 * The operator families in which a foreign key's operator means equality,
 * btree's or hash's.
 *
 * What looks a row up is "$1 operator column" (ri_triggers.c), so they are
 * those of the commutator, "column operator $1"; for the usual operators both
 * are in the same.
 */
static List *
equality_families(List **operators, Oid operator)
{
	Meaning    *meaning = find_meaning(*operators, operator);
	CatCList   *members;

	if (meaning != NULL)
		return meaning->families;

	meaning = add_meaning(operators, operator);
	members = SearchSysCacheList1(AMOPOPID, ObjectIdGetDatum(get_commutator(operator)));
	for (int i = 0; i < members->n_members; i++)
	{
		Form_pg_amop amop = (Form_pg_amop) GETSTRUCT(&members->members[i]->tuple);

		if ((amop->amopmethod == BTREE_AM_OID && amop->amopstrategy == BTEqualStrategyNumber) ||
			(amop->amopmethod == HASH_AM_OID && amop->amopstrategy == HTEqualStrategyNumber))
			meaning->families = lappend_oid(meaning->families, amop->amopfamily);
	}
	ReleaseSysCacheList(members);
	return meaning->families;
}

/*
 * What an operator class is; if it was dropped as we read, so was its index,
 * and it is of no family and method.
 */
static const Meaning *
class_meaning(List **classes, Oid class)
{
	Meaning    *meaning = find_meaning(*classes, class);
	HeapTuple	tuple;

	if (meaning != NULL)
		return meaning;

	meaning = add_meaning(classes, class);
	tuple = SearchSysCache1(CLAOID, ObjectIdGetDatum(class));
	if (HeapTupleIsValid(tuple))
	{
		meaning->family = ((Form_pg_opclass) GETSTRUCT(tuple))->opcfamily;
		meaning->method = ((Form_pg_opclass) GETSTRUCT(tuple))->opcmethod;
		ReleaseSysCache(tuple);
	}
	return meaning;
}

static void *
copy(const void *source, Size size)
{
	return memcpy(palloc(size), source, size);
}

/*
 * A foreign key, from its pg_constraint row.  operators: meanings kept.
 */
ForeignKeyFacts *
foreign_key_from_row(HeapTuple tuple, List **operators)
{
	Form_pg_constraint con = (Form_pg_constraint) GETSTRUCT(tuple);
	ForeignKeyFacts *key = palloc0(sizeof(ForeignKeyFacts));
	AttrNumber	columns[INDEX_MAX_KEYS];
	AttrNumber	parent_columns[INDEX_MAX_KEYS];
	Oid			equality[INDEX_MAX_KEYS];

	DeconstructFkConstraintRow(tuple, &key->nkeys, columns, parent_columns,
							   equality, NULL, NULL, NULL, NULL);
	key->oid = con->oid;
	key->name = pstrdup(NameStr(con->conname));
	key->parent = con->confrelid;
	key->columns = copy(columns, sizeof(AttrNumber) * key->nkeys);
	key->parent_columns = copy(parent_columns, sizeof(AttrNumber) * key->nkeys);
	key->operators = copy(equality, sizeof(Oid) * key->nkeys);
	key->families = palloc(sizeof(List *) * key->nkeys);
	for (int i = 0; i < key->nkeys; i++)
		key->families[i] = equality_families(operators, equality[i]);
	key->on_delete = con->confdeltype;
	key->on_update = con->confupdtype;
	key->match = con->confmatchtype;
	key->deferrable = con->condeferrable;
	key->deferred = con->condeferred;
	key->validated = con->convalidated;
	key->enforced = CONSTRAINT_IS_ENFORCED(con);
	return key;
}

/*
 * An index, from its pg_index row.  classes: meanings kept.
 */
IndexFacts *
index_from_row(HeapTuple tuple, TupleDesc desc, List **classes)
{
	Form_pg_index form = (Form_pg_index) GETSTRUCT(tuple);
	IndexFacts *index = palloc0(sizeof(IndexFacts));
	bool		isnull;
	Datum		datum;

	index->oid = form->indexrelid;
	index->nkeys = form->indnkeyatts;
	index->ncolumns = form->indnatts;
	index->columns = copy(form->indkey.values, sizeof(AttrNumber) * index->nkeys);
	datum = heap_getattr(tuple, Anum_pg_index_indcollation, desc, &isnull);
	index->collations = copy(((oidvector *) DatumGetPointer(datum))->values,
							 sizeof(Oid) * index->nkeys);
	datum = heap_getattr(tuple, Anum_pg_index_indclass, desc, &isnull);
	index->classes = copy(((oidvector *) DatumGetPointer(datum))->values,
						  sizeof(Oid) * index->nkeys);
	datum = heap_getattr(tuple, Anum_pg_index_indoption, desc, &isnull);
	index->options = copy(((int2vector *) DatumGetPointer(datum))->values,
						  sizeof(int16) * index->nkeys);
	index->families = palloc(sizeof(Oid) * index->nkeys);
	for (int i = 0; i < index->nkeys; i++)
		index->families[i] = class_meaning(classes, index->classes[i])->family;
	index->method = class_meaning(classes, index->classes[0])->method;

	index->unique = form->indisunique;
	index->primary = form->indisprimary;
	index->exclusion = form->indisexclusion;
	index->replica_identity = form->indisreplident;
	index->usable = form->indisvalid && form->indisready && form->indislive;
	index->deferrable = !form->indimmediate;

	(void) heap_getattr(tuple, Anum_pg_index_indexprs, desc, &isnull);
	index->has_expressions = !isnull;
	datum = heap_getattr(tuple, Anum_pg_index_indpred, desc, &isnull);
	if (!isnull)
		index->predicate = TextDatumGetCString(datum);
	return index;
}

/*
 * A column, from its pg_attribute row.
 */
ColumnFacts *
column_from_row(HeapTuple tuple)
{
	Form_pg_attribute att = (Form_pg_attribute) GETSTRUCT(tuple);
	ColumnFacts *column = palloc(sizeof(ColumnFacts));

	column->attnum = att->attnum;
	column->name = pstrdup(NameStr(att->attname));
	column->type = att->atttypid;
	column->typmod = att->atttypmod;
	column->collation = att->attcollation;
	column->notnull = att->attnotnull;
	return column;
}

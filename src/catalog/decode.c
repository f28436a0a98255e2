/*
 * decode.c
 *		Facts copied out of catalog rows: a foreign key, an index, a column.
 *
 * The rows are those that read.c finds.  What operators and operator classes
 * mean comes from the syscache; a database uses few of them, many times, so the
 * answers are kept for the time of a read.
 *
 * Facts are made by the ten thousand, and all go when their memory context
 * does.  So they are cut one after the other from pieces of it, each with its
 * arrays and its name: palloc() for each of these would take a third more
 * memory, and a report a seventh more time.
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

#include "base/base.h"
#include "catalog/facts.h"

/* What is taken from the memory context at a time */
#define FACTS_PIECE	65536

/* The families of an operator, or the family and method of an operator class */
typedef struct Meaning
{
	Oid			oid;
	List	   *families;
	Oid			family;
	Oid			method;
} Meaning;

/*
 * Room for facts, all zero.
 */
static void *
make_facts(FactMaker *maker, Size size)
{
	char	   *facts;

	size = MAXALIGN(size);
	if (maker->left < size)
	{
		maker->left = Max(size, FACTS_PIECE);
		maker->room = palloc(maker->left);
	}
	facts = maker->room;
	maker->room += size;
	maker->left -= size;
	return memset(facts, 0, size);
}

static char *
make_name(FactMaker *maker, const NameData *name)
{
	Size		size = strlen(NameStr(*name)) + 1;

	return memcpy(make_facts(maker, size), NameStr(*name), size);
}

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
equality_families(FactMaker *maker, Oid operator)
{
	Meaning    *meaning = find_meaning(maker->operators, operator);
	CatCList   *members;

	if (meaning != NULL)
		return meaning->families;

	meaning = add_meaning(&maker->operators, operator);
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
class_meaning(FactMaker *maker, Oid class)
{
	Meaning    *meaning = find_meaning(maker->classes, class);
	HeapTuple	tuple;

	if (meaning != NULL)
		return meaning;

	meaning = add_meaning(&maker->classes, class);
	tuple = SearchSysCache1(CLAOID, ObjectIdGetDatum(class));
	if (HeapTupleIsValid(tuple))
	{
		meaning->family = ((Form_pg_opclass) GETSTRUCT(tuple))->opcfamily;
		meaning->method = ((Form_pg_opclass) GETSTRUCT(tuple))->opcmethod;
		ReleaseSysCache(tuple);
	}
	return meaning;
}

/*
 * Copy the elements of an array of a catalog row, which has one dimension and
 * no nulls; the result is their count.  They are taken from where they stand:
 * the arrays of pg_constraint are packed, and to unpack each first takes longer
 * than all else that is done with the row.
 */
static int
copy_elements(void *elements, Datum array, Size size)
{
	struct varlena *packed = PG_DETOAST_DATUM_PACKED(array);
	Size		header = ARR_OVERHEAD_NONULLS(1) - VARHDRSZ;
	Size		length = VARSIZE_ANY_EXHDR(packed) - header;

	if (length > INDEX_MAX_KEYS * size)
		elog(ERROR, "unexpected array in a catalog");
	memcpy(elements, VARDATA_ANY(packed) + header, length);
	return length / size;
}

/*
 * The columns that a foreign key sets when a row of the parent is deleted:
 * pg_constraint.confdelsetcols, or all of them if that is null.  Few keys set
 * any.
 */
static Bitmapset *
delete_set(const ForeignKeyFacts *key, Datum listed, bool all)
{
	AttrNumber	columns[INDEX_MAX_KEYS];
	int			count = key->nkeys;
	Bitmapset  *set = NULL;

	if (key->on_delete != FKCONSTR_ACTION_SETNULL && key->on_delete != FKCONSTR_ACTION_SETDEFAULT)
		return NULL;
	if (!all)
		count = copy_elements(columns, listed, sizeof(AttrNumber));
	for (int i = 0; i < count; i++)
		set = bms_add_member(set, all ? key->columns[i] : columns[i]);
	return set;
}

/*
 * A foreign key, from its pg_constraint row.
 */
ForeignKeyFacts *
foreign_key_from_row(FactMaker *maker, HeapTuple tuple, TupleDesc desc)
{
	Form_pg_constraint con = (Form_pg_constraint) GETSTRUCT(tuple);
	Datum		values[Natts_pg_constraint];
	bool		nulls[Natts_pg_constraint];
	AttrNumber	columns[INDEX_MAX_KEYS];
	int			nkeys;
	ForeignKeyFacts *key;

	/* all at once: one by one, each would be searched for from the first */
	heap_deform_tuple(tuple, desc, values, nulls);
	nkeys = copy_elements(columns, values[Anum_pg_constraint_conkey - 1], sizeof(AttrNumber));

	/* its arrays behind it, by falling width */
	key = make_facts(maker, sizeof(ForeignKeyFacts) +
					 nkeys * (sizeof(List *) + sizeof(Oid) + 2 * sizeof(AttrNumber)));
	key->families = (List **) (key + 1);
	key->operators = (Oid *) (key->families + nkeys);
	key->columns = (AttrNumber *) (key->operators + nkeys);
	key->parent_columns = key->columns + nkeys;

	key->nkeys = nkeys;
	memcpy(key->columns, columns, sizeof(AttrNumber) * nkeys);
	copy_elements(key->parent_columns, values[Anum_pg_constraint_confkey - 1], sizeof(AttrNumber));
	copy_elements(key->operators, values[Anum_pg_constraint_conpfeqop - 1], sizeof(Oid));
	for (int i = 0; i < nkeys; i++)
		key->families[i] = equality_families(maker, key->operators[i]);

	key->oid = con->oid;
	key->name = make_name(maker, &con->conname);
	key->parent = con->confrelid;
	key->on_delete = con->confdeltype;
	key->on_update = con->confupdtype;
	key->delete_set = delete_set(key, values[Anum_pg_constraint_confdelsetcols - 1],
								 nulls[Anum_pg_constraint_confdelsetcols - 1]);
	key->match = con->confmatchtype;
	key->deferrable = con->condeferrable;
	key->deferred = con->condeferred;
	key->validated = con->convalidated;
	key->enforced = CONSTRAINT_IS_ENFORCED(con);
	return key;
}

/*
 * Make room for an index, and its arrays behind it.
 */
static IndexFacts *
make_index(FactMaker *maker, int nkeys)
{
	IndexFacts *index = make_facts(maker, sizeof(IndexFacts) +
								   nkeys * (3 * sizeof(Oid) + sizeof(AttrNumber) + sizeof(int16)));

	index->nkeys = nkeys;
	index->classes = (Oid *) (index + 1);
	index->families = index->classes + nkeys;
	index->collations = index->families + nkeys;
	index->columns = (AttrNumber *) (index->collations + nkeys);
	index->options = index->columns + nkeys;
	return index;
}

/*
 * An index, from its pg_index row.
 */
IndexFacts *
index_from_row(FactMaker *maker, HeapTuple tuple, TupleDesc desc)
{
	Form_pg_index form = (Form_pg_index) GETSTRUCT(tuple);
	IndexFacts *index = make_index(maker, form->indnkeyatts);
	Datum		values[Natts_pg_index];
	bool		nulls[Natts_pg_index];

	heap_deform_tuple(tuple, desc, values, nulls);
	index->oid = form->indexrelid;
	index->ncolumns = form->indnatts;
	for (int i = 0; i < index->nkeys; i++)
	{
		const Meaning *class;

		index->columns[i] = form->indkey.values[i];
		index->column_set = bms_add_member(index->column_set, Max(index->columns[i], 0));
		index->classes[i] = ((oidvector *) DatumGetPointer(values[Anum_pg_index_indclass - 1]))->values[i];
		index->collations[i] = ((oidvector *) DatumGetPointer(values[Anum_pg_index_indcollation - 1]))->values[i];
		index->options[i] = ((int2vector *) DatumGetPointer(values[Anum_pg_index_indoption - 1]))->values[i];
		class = class_meaning(maker, index->classes[i]);
		index->families[i] = class->family;
		index->method = class->method;
	}

	index->unique = form->indisunique;
	index->primary = form->indisprimary;
	index->exclusion = form->indisexclusion;
	index->replica_identity = form->indisreplident;
	index->usable = form->indisvalid && form->indisready && form->indislive;
	index->deferrable = !form->indimmediate;

	if (!nulls[Anum_pg_index_indexprs - 1])
		index->expressions = TextDatumGetCString(values[Anum_pg_index_indexprs - 1]);
	if (!nulls[Anum_pg_index_indpred - 1])
		index->predicate = TextDatumGetCString(values[Anum_pg_index_indpred - 1]);
	return index;
}

/*
 * A column, from its pg_attribute row.
 */
ColumnFacts *
column_from_row(FactMaker *maker, HeapTuple tuple)
{
	Form_pg_attribute att = (Form_pg_attribute) GETSTRUCT(tuple);
	ColumnFacts *column = make_facts(maker, sizeof(ColumnFacts));

	column->attnum = att->attnum;
	column->name = make_name(maker, &att->attname);
	column->type = att->atttypid;
	column->typmod = att->atttypmod;
	column->collation = att->attcollation;
	column->notnull = att->attnotnull;
	column->has_default = att->atthasdef || att->attidentity != '\0';
	return column;
}

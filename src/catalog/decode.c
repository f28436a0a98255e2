/*
 * decode.c
 *		Copies facts out of catalog rows: a foreign key, an index, a column.
 *
 * read.c scans the catalogs and passes each row to a function of this file.
 * Operators and operator classes are looked up in the syscache.  A database
 * uses few of them many times, so the answers are cached in the FactMaker for
 * one read.
 *
 * A read of a whole database makes tens of thousands of facts, which are freed
 * together with their memory context.  So facts, their arrays and their names
 * are carved one after another out of pieces of FACTS_PIECE bytes.  One
 * palloc() for each would take a third more memory, and make a report a
 * seventh slower.
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
#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/catcache.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "base/base.h"
#include "catalog/facts.h"

/*
 * Bytes that are palloc'd at a time: some hundred facts, and small beside the
 * megabytes that the facts of a large database take.
 */
#define FACTS_PIECE	65536

/* What the syscache says of an operator, or of an operator class */
typedef struct Meaning
{
	Oid			oid;			/* of the operator, or of the class */
	List	   *families;		/* operator: those of equality_meaning() */
	bool		equality;		/* operator: it is the equality of a btree or hash
								 * family */
	Oid			family;			/* class: its operator family */
	Oid			method;			/* class: its access method */
} Meaning;

/* Returns size bytes for facts, aligned and all zero. */
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

/* Returns a copy of a name. */
static char *
make_name(FactMaker *maker, const NameData *name)
{
	Size		size = strlen(NameStr(*name)) + 1;

	return memcpy(make_facts(maker, size), NameStr(*name), size);
}

/* Returns the cached entry of an operator or operator class, or null. */
static Meaning *
find_meaning(List *meanings, Oid oid)
{
	foreach_ptr(Meaning, meaning, meanings)
		if (meaning->oid == oid)
			return meaning;
	return NULL;
}

/* Adds an empty entry to the cache and returns it. */
static Meaning *
add_meaning(List **meanings, Oid oid)
{
	Meaning    *meaning = palloc0(sizeof(Meaning));

	meaning->oid = oid;
	*meanings = lappend(*meanings, meaning);
	return meaning;
}

/*
 * Returns what is known of the commutator of an equality operator: its btree and
 * hash operator families in which it means equality, and the GiST families in
 * which it can be searched by (btree_gist's, for example).
 *
 * pg_constraint.conpfeqop holds "parent column = column".  The lookup of the
 * rows that reference a parent's row is "column = $1", by the commutator.  For
 * the built-in types both operators are in the same families.
 */
static const Meaning *
equality_meaning(FactMaker *maker, Oid operator)
{
	Meaning    *meaning = find_meaning(maker->operators, operator);
	CatCList   *members;

	if (meaning != NULL)
		return meaning;

	meaning = add_meaning(&maker->operators, operator);
	members = SearchSysCacheList1(AMOPOPID, ObjectIdGetDatum(get_commutator(operator)));
	for (int i = 0; i < members->n_members; i++)
	{
		Form_pg_amop amop = (Form_pg_amop) GETSTRUCT(&members->members[i]->tuple);

		if ((amop->amopmethod == BTREE_AM_OID && amop->amopstrategy == BTEqualStrategyNumber) ||
			(amop->amopmethod == HASH_AM_OID && amop->amopstrategy == HTEqualStrategyNumber))
			meaning->equality = true;
		else if (amop->amopmethod != GIST_AM_OID || amop->amoppurpose != AMOP_SEARCH)
			continue;
		meaning->families = lappend_oid(meaning->families, amop->amopfamily);
	}
	ReleaseSysCacheList(members);
	return meaning;
}

/*
 * Returns the operator family and access method of an operator class; both are
 * InvalidOid if the class has been dropped since the snapshot was taken, and
 * with it the index.
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
 * Copy the elements, of this size in bytes, of an array in a catalog row into
 * elements, which has room for INDEX_MAX_KEYS.  Returns their number.  The
 * array has one dimension and no nulls.
 *
 * The elements are copied from the packed (short header) form that
 * pg_constraint stores.  Unpacking each array first would take longer than all
 * other work on the row.
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
 * Returns the columns that ON DELETE SET NULL or SET DEFAULT of a foreign key
 * sets: listed, the value of pg_constraint.confdelsetcols, or if all is true
 * (it is null) every column of the key.  No columns for another action.
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

/* Returns a foreign key, copied out of its pg_constraint row. */
ForeignKeyFacts *
foreign_key_from_row(FactMaker *maker, HeapTuple tuple, TupleDesc desc)
{
	Form_pg_constraint con = (Form_pg_constraint) GETSTRUCT(tuple);
	Datum		values[Natts_pg_constraint];
	bool		nulls[Natts_pg_constraint];
	AttrNumber	columns[INDEX_MAX_KEYS];
	int			nkeys;
	ForeignKeyFacts *key;

	/* heap_getattr() would walk the row from its first column for each */
	heap_deform_tuple(tuple, desc, values, nulls);
	nkeys = copy_elements(columns, values[Anum_pg_constraint_conkey - 1], sizeof(AttrNumber));

	/* the arrays follow the struct, the widest elements first for alignment */
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
		key->families[i] = equality_meaning(maker, key->operators[i])->families;

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
	if (CONSTRAINT_HAS_PERIOD(con))
	{
		/* the period comes last, and is not compared by equality */
		key->nkeys--;
		key->period = key->columns[key->nkeys];
	}
	return key;
}

/*
 * Returns the operators of an EXCLUDE constraint, or of a key WITHOUT OVERLAPS,
 * copied out of its pg_constraint row.
 */
ExclusionFacts *
exclusion_from_row(FactMaker *maker, HeapTuple tuple, TupleDesc desc)
{
	ExclusionFacts *exclusion = make_facts(maker, sizeof(ExclusionFacts));
	bool		isnull;
	Datum		operators = heap_getattr(tuple, Anum_pg_constraint_conexclop, desc, &isnull);

	exclusion->index = ((Form_pg_constraint) GETSTRUCT(tuple))->conindid;
	if (!isnull)
		copy_elements(exclusion->operators, operators, sizeof(Oid));
	return exclusion;
}

/* Is this the operator && of ranges or of multiranges? */
static bool
is_overlap(Oid operator, Oid family)
{
	Oid			left;
	Oid			right;

	if (get_op_opfamily_strategy(operator, family) != RTOverlapStrategyNumber)
		return false;
	op_input_types(operator, &left, &right);
	return left == ANYRANGEOID || left == ANYMULTIRANGEOID;
}

/* Set comparisons of an index, of which exclusion has the operators. */
void
set_comparisons(FactMaker *maker, IndexFacts *index, const ExclusionFacts *exclusion)
{
	index->comparisons = make_facts(maker, sizeof(Comparison) * index->nkeys);
	for (int i = 0; i < index->nkeys; i++)
	{
		Oid			operator = exclusion->operators[i];

		if (equality_meaning(maker, operator)->equality)
			index->comparisons[i] = EXCLUDE_EQUAL;
		else if (is_overlap(operator, index->families[i]))
			index->comparisons[i] = EXCLUDE_OVERLAP;
	}
}

/* Returns room for an index with this many key columns, and for its arrays. */
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

/* Returns an index, copied out of its pg_index row. */
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
	index->nulls_not_distinct = form->indnullsnotdistinct;
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
 * Returns the only column, or the first, of a constraint that has one, from its
 * pg_constraint row.
 */
AttrNumber
first_column(HeapTuple tuple, TupleDesc desc)
{
	bool		isnull;
	Datum		columns = heap_getattr(tuple, Anum_pg_constraint_conkey, desc, &isnull);

	return isnull ? InvalidAttrNumber : *(AttrNumber *) ARR_DATA_PTR(DatumGetArrayTypeP(columns));
}

/* Returns a column, copied out of its pg_attribute row. */
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

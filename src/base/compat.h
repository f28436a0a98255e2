/*
 * compat.h
 *		Differences between the major versions of PostgreSQL.
 *
 * The code is written for the newest server; this file gives the older ones
 * what they lack, under the new name.  It is the only place of the project
 * that asks for PG_VERSION_NUM.
 */
#ifndef JUNCTION_COMPAT_H
#define JUNCTION_COMPAT_H

#include "access/htup_details.h"
#include "catalog/pg_constraint.h"
#include "fmgr.h"
#include "utils/rel.h"

#if PG_VERSION_NUM < 150000
#error "junction needs PostgreSQL 15 or later"
#endif

/* 18 lists the versions of loaded modules */
#if PG_VERSION_NUM >= 180000
#define JUNCTION_MODULE_MAGIC	PG_MODULE_MAGIC_EXT(.name = "junction", .version = JUNCTION_VERSION)
#else
#define JUNCTION_MODULE_MAGIC	PG_MODULE_MAGIC
#endif

/* 18 has constraints that are only noted */
#if PG_VERSION_NUM >= 180000
#define CONSTRAINT_IS_ENFORCED(con)	((con)->conenforced)
#else
#define CONSTRAINT_IS_ENFORCED(con)	true
#endif

/*
 * Can no row have a null there, nor any partition's?  18 has NOT NULL
 * constraints that are not validated, or not inherited.
 */
#if PG_VERSION_NUM >= 180000
static inline bool
column_is_not_null(Relation rel, AttrNumber attnum)
{
	HeapTuple	tuple = findNotNullConstraintAttnum(RelationGetRelid(rel), attnum);
	Form_pg_constraint con;

	if (!HeapTupleIsValid(tuple))
		return false;
	con = (Form_pg_constraint) GETSTRUCT(tuple);
	return con->convalidated && !con->connoinherit;
}
#else
#define column_is_not_null(rel, attnum) \
	(TupleDescAttr(RelationGetDescr(rel), (attnum) - 1)->attnotnull)
#endif

/*
 * 19 has publications FOR ALL TABLES EXCEPT some, and tells whether what a
 * domain checks is volatile; it has uint16 for bits16.
 */
#if PG_VERSION_NUM >= 190000
#define domain_has_constraints(type)	DomainHasConstraints(type, NULL)
#else
#define domain_has_constraints(type)	DomainHasConstraints(type)
#define GetRelationIncludedPublications(relid)	GetRelationPublications(relid)
#define GetRelationExcludedPublications(relid)	NIL
#endif

/* 18 keeps NOT NULL as constraints, with names */
#define SERVER_NAMES_NOT_NULL (PG_VERSION_NUM >= 180000)

/* 17 has a privilege more */
#ifndef ACL_MAINTAIN
#define ACL_MAINTAIN	0
#endif

/* 18 has a uuidv7() of its own */
#define SERVER_HAS_UUIDV7	(PG_VERSION_NUM >= 180000)

/* 17 can add an identity column to a partitioned table with partitions */
#define SERVER_HAS_PARTITIONED_IDENTITY	(PG_VERSION_NUM >= 170000)

/* 18 writes it before the function */
#if PG_VERSION_NUM < 180000
#define pg_noreturn	pg_attribute_noreturn()
#endif

/* 17 may be asked for stronger locks too */
#if PG_VERSION_NUM >= 170000
#define lock_held_by_me(tag, mode) LockHeldByMe(tag, mode, false)
#else
#define lock_held_by_me(tag, mode) LockHeldByMe(tag, mode)
#endif

#if PG_VERSION_NUM < 170000

/* 17's guc.h */
#define RestrictSearchPath() \
	((void) set_config_option("search_path", "pg_catalog, pg_temp", PGC_USERSET, PGC_S_SESSION, \
							  GUC_ACTION_SAVE, true, 0, false))

/* pg_constraint.contype; tables have none of these before 18 */
#define CONSTRAINT_NOTNULL	'n'

/* the same in effect as 17's pg_list.h */
#define foreach_internal(type, pointer, var, lst, func) \
	for (type pointer var = 0, pointer var##__outerloop = (type pointer) 1; \
		 var##__outerloop; \
		 var##__outerloop = 0) \
		for (ForEachState var##__state = {(lst), 0}; \
			 (var##__state.l != NIL && \
			  var##__state.i < var##__state.l->length && \
			  (var = (type pointer) func(&var##__state.l->elements[var##__state.i]), true)); \
			 var##__state.i++)
#undef foreach_delete_current
#define foreach_delete_current(lst, var) \
	((List *) (var##__state.l = list_delete_nth_cell(lst, var##__state.i--)))
#define foreach_ptr(type, var, lst) foreach_internal(type, *, var, lst, lfirst)
#define foreach_oid(var, lst) foreach_internal(Oid, , var, lst, lfirst_oid)

#endif

/*
 * An extension exports only what is PGDLLEXPORT, since 16.  The Makefile asks
 * for -fvisibility=hidden on all versions, so here 15 gets 16's declarations:
 * PGDLLEXPORT with an effect outside of Windows, and marked with it the C
 * function itself, beside its info function, and _PG_init.
 */
#if PG_VERSION_NUM < 160000

#if defined(__GNUC__) && !defined(WIN32) && !defined(__CYGWIN__)
#undef PGDLLEXPORT
#define PGDLLEXPORT __attribute__((visibility("default")))
#endif

#undef PG_FUNCTION_INFO_V1
#define PG_FUNCTION_INFO_V1(funcname) \
extern PGDLLEXPORT Datum funcname(PG_FUNCTION_ARGS); \
extern PGDLLEXPORT const Pg_finfo_record *CppConcat(pg_finfo_,funcname)(void); \
const Pg_finfo_record * \
CppConcat(pg_finfo_,funcname) (void) \
{ \
	static const Pg_finfo_record my_finfo = { 1 }; \
	return &my_finfo; \
} \
extern int no_such_variable

extern PGDLLEXPORT void _PG_init(void);

#endif

#if PG_VERSION_NUM < 160000
/* 16 frees what a check hook leaves with a function of its own */
#define guc_malloc(elevel, size)	malloc(size)
#define object_ownercheck(classid, objectid, roleid) \
	pg_class_ownercheck(objectid, roleid)
#define object_aclcheck(classid, objectid, roleid, mode) \
	pg_namespace_aclcheck(objectid, roleid, mode)
#endif

#endif							/* JUNCTION_COMPAT_H */

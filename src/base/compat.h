/*
 * compat.h
 *		Differences between the major versions of PostgreSQL.
 *
 * The code is written for the newest server.  This file defines what older
 * servers lack, under the newest server's name.  No other file may test
 * PG_VERSION_NUM.
 */
#ifndef JUNCTION_COMPAT_H
#define JUNCTION_COMPAT_H

#include "access/heapam.h"
#include "access/htup_details.h"
#include "catalog/pg_constraint.h"
#include "fmgr.h"
#include "storage/bufmgr.h"
#include "utils/guc.h"
#include "utils/rel.h"

#if PG_VERSION_NUM >= 170000
#include "utils/injection_point.h"
#endif

#if PG_VERSION_NUM < 150000
#error "junction needs PostgreSQL 15 or later"
#endif

/* 18 shows each loaded module's name and version (pg_get_loaded_modules) */
#if PG_VERSION_NUM >= 180000
#define JUNCTION_MODULE_MAGIC	PG_MODULE_MAGIC_EXT(.name = "junction", .version = JUNCTION_VERSION)
#else
#define JUNCTION_MODULE_MAGIC	PG_MODULE_MAGIC
#endif

/*
 * Prune a page of a heap if that may make room in it.  19 sets the visibility map
 * too, of which it keeps a page pinned.
 */
static inline void
prune_heap_page(Relation rel, Buffer buffer)
{
#if PG_VERSION_NUM >= 190000
	Buffer		map = InvalidBuffer;

	heap_page_prune_opt(rel, buffer, &map, false);
	if (BufferIsValid(map))
		ReleaseBuffer(map);
#else
	heap_page_prune_opt(rel, buffer);
#endif
}

/* 18 has NOT ENFORCED constraints */
#if PG_VERSION_NUM >= 180000
#define CONSTRAINT_IS_ENFORCED(con)	((con)->conenforced)
#else
#define CONSTRAINT_IS_ENFORCED(con)	true
#endif

/* 18 has virtual generated columns */
#if PG_VERSION_NUM >= 180000
#define CONSTRAINT_IS_VIRTUAL(constraint) \
	((constraint)->contype == CONSTR_GENERATED && (constraint)->generated_kind == ATTRIBUTE_GENERATED_VIRTUAL)
#else
#define ATTRIBUTE_GENERATED_VIRTUAL	'v'
#define CONSTRAINT_IS_VIRTUAL(constraint)	((void) (constraint), false)
#endif

/* 18 has keys WITHOUT OVERLAPS, and foreign keys with PERIOD */
#if PG_VERSION_NUM >= 180000
#define CONSTRAINT_HAS_PERIOD(con)	((con)->conperiod)
#else
#define CONSTRAINT_HAS_PERIOD(con)	false
#endif

/*
 * Is the column NOT NULL in every row, those of partitions included?  On 18 a
 * NOT NULL constraint can be NOT VALID or NO INHERIT: then the result is false.
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

/*
 * Does ALTER TABLE refuse to add a column with a value while an expression of another
 * object, as the body of a function, uses rows of the table?  The minor versions of
 * November 2026 do, and the server that runs may be newer than the one that this was
 * built with.
 */
#if PG_VERSION_NUM >= 190000
#define FIRST_WITH_ROW_EXPRESSIONS 190001
#elif PG_VERSION_NUM >= 180000
#define FIRST_WITH_ROW_EXPRESSIONS 180007
#elif PG_VERSION_NUM >= 170000
#define FIRST_WITH_ROW_EXPRESSIONS 170012
#elif PG_VERSION_NUM >= 160000
#define FIRST_WITH_ROW_EXPRESSIONS 160016
#else
#define FIRST_WITH_ROW_EXPRESSIONS 150020
#endif
#define SERVER_FINDS_ROW_EXPRESSIONS() \
	(atoi(GetConfigOption("server_version_num", false, false)) >= FIRST_WITH_ROW_EXPRESSIONS)

/* 18 has a named pg_constraint row for each NOT NULL of a table */
#define SERVER_NAMES_NOT_NULL (PG_VERSION_NUM >= 180000)

/*
 * 19 reports REPACK, VACUUM FULL and CLUSTER as one command; the name for
 * pg_stat_get_progress_info(), and what to call it
 */
#if PG_VERSION_NUM >= 190000
#define REWRITE_PROGRESS	"'REPACK', 'REPACK'"
#else
#define REWRITE_PROGRESS	"'CLUSTER', 'VACUUM FULL or CLUSTER'"
#endif

/* 17 has the privilege MAINTAIN; 0 stands for no privilege */
#ifndef ACL_MAINTAIN
#define ACL_MAINTAIN	0
#endif

/* 18 has pg_catalog.uuidv7() */
#define SERVER_HAS_UUIDV7	(PG_VERSION_NUM >= 180000)

/* 18 can skip over the values of an index's leading column (skip scan) */
#define SERVER_HAS_SKIP_SCAN	(PG_VERSION_NUM >= 180000)

/* 17 can add an identity column to a partitioned table with partitions */
#define SERVER_HAS_PARTITIONED_IDENTITY	(PG_VERSION_NUM >= 170000)

/* 19 was to have property graphs */
#define SERVER_MAY_HAVE_GRAPHS	(PG_VERSION_NUM >= 190000)

/* 18 has pg_noreturn, to be written before a declaration */
#if PG_VERSION_NUM < 180000
#define pg_noreturn	pg_attribute_noreturn()
#endif

/*
 * 17 has injection points, without the argument of 18.  A server has them only if
 * it was built with --enable-injection-points, which defines USE_INJECTION_POINTS.
 */
#if PG_VERSION_NUM < 180000 && defined(USE_INJECTION_POINTS)
#undef INJECTION_POINT
#define INJECTION_POINT(name, arg)	InjectionPointRun(name)
#endif

/* 16 has renamed it */
#if PG_VERSION_NUM < 160000
#define pgstat_get_local_beentry_by_index(index)	pgstat_fetch_stat_local_beentry(index)
#endif

/* 17 has a third argument, orstronger: false asks for exactly this mode */
#if PG_VERSION_NUM >= 170000
#define lock_held_by_me(tag, mode) LockHeldByMe(tag, mode, false)
#else
#define lock_held_by_me(tag, mode) LockHeldByMe(tag, mode)
#endif

#if PG_VERSION_NUM < 170000

/* 17 declares it in guc.h */
#define RestrictSearchPath() \
	((void) set_config_option("search_path", "pg_catalog, pg_temp", PGC_USERSET, PGC_S_SESSION, \
							  GUC_ACTION_SAVE, true, 0, false))

/* a value of pg_constraint.contype; no table has such a constraint before 18 */
#define CONSTRAINT_NOTNULL	'n'

/* the typed foreach macros, with the effect of those in 17's pg_list.h */
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
#define foreach_int(var, lst) foreach_internal(int, , var, lst, lfirst_int)

#endif

/*
 * Since 16 an extension exports only symbols that are marked PGDLLEXPORT.  The
 * Makefile passes -fvisibility=hidden on all versions, so 15 gets 16's
 * declarations here: PGDLLEXPORT has an effect outside of Windows too, and
 * marks the C function, its info function and _PG_init.
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
/* 16 frees a check hook's "extra" by guc_free(), older servers by free() */
#define guc_malloc(elevel, size)	malloc(size)
/* 16 takes a catalog too: before it, classid has to be pg_class or pg_proc */
#define object_ownercheck(classid, objectid, roleid) \
	((classid) == RelationRelationId ? pg_class_ownercheck(objectid, roleid) : \
	 pg_proc_ownercheck(objectid, roleid))
/* the same: before 16, classid has to be pg_namespace */
#define object_aclcheck(classid, objectid, roleid, mode) \
	pg_namespace_aclcheck(objectid, roleid, mode)
#endif

#endif							/* JUNCTION_COMPAT_H */

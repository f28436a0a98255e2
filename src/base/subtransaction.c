/*
 * subtransaction.c
 *		Runs a function in a subtransaction, and catches its error.
 */
#include "postgres.h"

#include "access/xact.h"
#include "utils/resowner.h"

#include "base/base.h"

/*
 * Call work(state) in a subtransaction.  If work raises an error, the
 * subtransaction is rolled back, and the error is returned as a copy in the
 * caller's memory context.  This holds for every error, a cancelled query too:
 * the caller has to re-throw those that it does not expect.
 *
 * If work succeeds, null is returned.  keep: whether the subtransaction is
 * then committed, or rolled back too.
 */
ErrorData *
try_in_subtransaction(void (*work) (void *state), void *state, bool keep)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	ErrorData  *volatile error = NULL;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
	PG_TRY();
	{
		work(state);
		if (keep)
			ReleaseCurrentSubTransaction();
		else
			RollbackAndReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
	}
	PG_END_TRY();
	MemoryContextSwitchTo(context);
	CurrentResourceOwner = owner;
	return error;
}

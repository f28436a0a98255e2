/*
 * uuidv7.c
 *		UUIDs of version 7 (RFC 9562), for servers that have no uuidv7() and
 *		for those whose own goes to the random source at every call.
 *
 * The value, most significant bit first:
 *
 *		48 bits		milliseconds since 1970
 *		 4 bits		version, 0111
 *		12 bits		fraction of the millisecond, in 1/4096 (RFC 9562, 6.2,
 *					method 3)
 *		 2 bits		variant, 10
 *		62 bits		random
 *
 * The two parts that tell the time, put side by side, are one 60-bit count of
 * ticks of some 244 ns.  A call takes the tick of the clock or, if that is not
 * later than the tick it gave last, the one after that.  So the values of a
 * backend ascend strictly, whether the clock stands still, is coarser than a
 * tick, or steps back; after a long step back they run ahead of the clock
 * until it catches up.
 *
 * The random bits come from the server's strong source, a block at a time:
 * most calls read the clock, which commonly needs no system call, and nothing
 * else.  Each process draws its own block, even if its parent had one.
 *
 * Nothing orders the values of different backends, the workers of a parallel
 * query included, beyond what their clock does.  A clock with clock_gettime()
 * is assumed, and that it stands after 1970.
 */
#include "postgres.h"

#include "fmgr.h"
#include "miscadmin.h"
#include "port/pg_bswap.h"
#include "utils/uuid.h"
#include <time.h>

#include "base/base.h"

#define FRACTION_BITS	12
#define FRACTION_MASK	((UINT64CONST(1) << FRACTION_BITS) - 1)

#define NANOSECONDS_PER_MS	UINT64CONST(1000000)
#define MS_PER_SECOND		UINT64CONST(1000)

/* The version stands between the milliseconds and the fraction */
#define VERSION_BITS	(UINT64CONST(7) << FRACTION_BITS)

#define VARIANT_BITS	(UINT64CONST(2) << 62)
#define VARIANT_MASK	(UINT64CONST(3) << 62)

/* Random bytes drawn but not used yet: those of the block from used on */
static unsigned char block[4096];
static size_t used = sizeof(block);
static int	block_owner = 0;

StaticAssertDecl(sizeof(block) % sizeof(uint64) == 0,
				 "the block must hold a whole number of draws");

PG_FUNCTION_INFO_V1(junction_uuidv7);

static uint64
clock_tick(void)
{
	struct timespec now;
	uint64		ms;
	uint64		fraction;

	clock_gettime(CLOCK_REALTIME, &now);

	ms = (uint64) now.tv_sec * MS_PER_SECOND +
		(uint64) now.tv_nsec / NANOSECONDS_PER_MS;
	fraction = (((uint64) now.tv_nsec % NANOSECONDS_PER_MS) << FRACTION_BITS) /
		NANOSECONDS_PER_MS;

	return (ms << FRACTION_BITS) | fraction;
}

/*
 * The tick for the next value: past the end of the fraction, adding one
 * carries into the milliseconds, as it should.
 */
static uint64
next_tick(void)
{
	static uint64 last = 0;
	uint64		tick = clock_tick();

	if (tick <= last)
		tick = last + 1;
	last = tick;

	return tick;
}

/*
 * A process that was forked with a block in hand must not use it: its parent
 * and its siblings have the same.  If the draw fails, what the block then
 * holds is not taken for random by a later call.
 */
static void
refill_block(void)
{
	used = sizeof(block);
	if (!pg_strong_random(block, sizeof(block)))
		ereport(ERROR,
				(errcode(ERRCODE_INTERNAL_ERROR),
				 errmsg("could not generate random values")));

	used = 0;
	block_owner = MyProcPid;
}

static uint64
random_bits(void)
{
	uint64		bits;

	if (used == sizeof(block) || block_owner != MyProcPid)
		refill_block();

	/* Wiped, so that no bit can be handed out a second time */
	memcpy(&bits, block + used, sizeof(bits));
	memset(block + used, 0, sizeof(bits));
	used += sizeof(bits);

	return bits;
}

/*
 * junction.uuidv7() RETURNS uuid
 */
Datum
junction_uuidv7(PG_FUNCTION_ARGS)
{
	pg_uuid_t  *uuid = palloc(sizeof(pg_uuid_t));
	uint64		bits = random_bits();
	uint64		tick = next_tick();
	uint64		high;
	uint64		low;

	high = (tick >> FRACTION_BITS) << (FRACTION_BITS + 4);
	high |= VERSION_BITS | (tick & FRACTION_MASK);
	low = VARIANT_BITS | (bits & ~VARIANT_MASK);

	high = pg_hton64(high);
	low = pg_hton64(low);
	memcpy(uuid->data, &high, sizeof(high));
	memcpy(uuid->data + sizeof(high), &low, sizeof(low));

	PG_RETURN_UUID_P(uuid);
}

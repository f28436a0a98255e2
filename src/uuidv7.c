/*
 * uuidv7.c
 *		UUIDs of version 7 (RFC 9562), for servers that have no uuidv7(), and for
 *		those whose own reads the random source at every call.
 *
 * The bits of a value, most significant first:
 *
 *		48 bits		milliseconds since 1970
 *		 4 bits		version, 0111
 *		12 bits		fraction of the millisecond, in 1/4096 (RFC 9562, 6.2,
 *					method 3)
 *		 2 bits		variant, 10
 *		62 bits		random
 *
 * The milliseconds and the fraction together are a 60-bit count of ticks of
 * about 244 ns (1 ms / 4096).  A value has the tick of the clock or, if the
 * clock is not past the tick of the last value, that tick plus one.  So the
 * values of a backend strictly ascend, even if the clock stands still, is coarser
 * than a tick, or steps back.  After a long step back, the ticks run ahead of the
 * clock until it catches up.
 *
 * The random bits come from pg_strong_random(), a block at a time.  Most calls
 * only read the clock, which usually needs no system call.  Each process draws
 * its own block, even if it inherited one by fork().
 *
 * The values of different backends, and of parallel workers, are ordered only by
 * the clock.  clock_gettime() is assumed to exist and to return a time after
 * 1970.
 */
#include "postgres.h"

#include "fmgr.h"
#include "miscadmin.h"
#include "port/pg_bswap.h"
#include "utils/uuid.h"
#include <time.h>

#include "base/base.h"

/* Bits of the fraction of a millisecond: those of RFC 9562's rand_a */
#define FRACTION_BITS	12
#define FRACTION_MASK	((UINT64CONST(1) << FRACTION_BITS) - 1)

#define NANOSECONDS_PER_MS	UINT64CONST(1000000)
#define MS_PER_SECOND		UINT64CONST(1000)

/* Version 7, in the 4 bits between the milliseconds and the fraction */
#define VERSION_BITS	(UINT64CONST(7) << FRACTION_BITS)

/* Variant 10, in the 2 highest bits of the low half */
#define VARIANT_BITS	(UINT64CONST(2) << 62)
#define VARIANT_MASK	(UINT64CONST(3) << 62)

/*
 * Random bytes; those from used on are not used yet.  4096 bytes are 512 values,
 * so the cost of a draw hardly counts, and they are little memory.
 */
static unsigned char block[4096];
static size_t used = sizeof(block);

/* The PID of the process that drew the block */
static int	block_owner = 0;

StaticAssertDecl(sizeof(block) % sizeof(uint64) == 0,
				 "the block must hold a whole number of draws");

PG_FUNCTION_INFO_V1(junction_uuidv7);

/*
 * Returns the present tick of the clock: ms since 1970 << 12 | fraction.
 */
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
 * Returns the tick for the next value.  Adding one to the largest fraction
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
 * Draw a new block, or raise XX000 if that fails.  used is set before the draw,
 * so that no later call uses a block whose draw has failed.
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

/*
 * Returns 64 random bits.  A block that another process has drawn is not used:
 * the parent and its other children have the same.
 */
static uint64
random_bits(void)
{
	uint64		bits;

	if (used == sizeof(block) || block_owner != MyProcPid)
		refill_block();

	/* erase them, so that no bits can be returned twice */
	memcpy(&bits, block + used, sizeof(bits));
	memset(block + used, 0, sizeof(bits));
	used += sizeof(bits);

	return bits;
}

/*
 * junction.uuidv7() returns uuid
 *
 * XX000 if the server has no random bits.
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

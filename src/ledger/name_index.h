/*
 * name_index.h: where in an array the entry of a name is, for arrays that have become too long to be
 * searched: a hash table with open addressing.
 *
 * It knows positions and hashes alone: whoever asks compares the names.  Nothing is ever taken out;
 * the table is filled anew instead.  No memory is allocated here.
 */
#ifndef CUSTOMER_LIFECYCLE_NAME_INDEX_H
#define CUSTOMER_LIFECYCLE_NAME_INDEX_H

#include "common/compat.h"

#include "common/hashfn.h"

/* So few entries are searched faster one by one. */
#define NAME_INDEX_FEW 32

typedef struct NameSlot
{
	uint32 hash;
	int32 entry; /* its position + 1; 0: free */
} NameSlot;

typedef struct NameIndex
{
	uint32 size; /* slots, a power of two; 0: there is no table */
	NameSlot *slot;
} NameIndex;

/* Slots for so many entries: at least half of them stay free. */
static inline uint32
name_index_size(int entries)
{
	uint32 size = 2 * NAME_INDEX_FEW;

	while (size / 2 < (uint32) entries)
		size *= 2;
	return size;
}

/* A table without entries; there must be room for so many slots. */
static inline void
name_index_clear(NameIndex *index, uint32 size)
{
	index->size = size;
	memset(index->slot, 0, size * sizeof(NameSlot));
}

static inline uint32
name_index_hash(const char *name, int length)
{
	return length == 0 ? 0 : hash_bytes((const unsigned char *) name, length);
}

static inline void
name_index_put(NameIndex *index, uint32 hash, int entry)
{
	uint32 at = hash & (index->size - 1);

	while (index->slot[at].entry != 0)
		at = (at + 1) & (index->size - 1);
	index->slot[at] = (NameSlot){hash, entry + 1};
}

/* The next entry whose name has this hash, or -1; *at is the hash before the first. */
static inline int
name_index_next(const NameIndex *index, uint32 hash, uint32 *at)
{
	for (;;)
	{
		const NameSlot *slot = &index->slot[*at & (index->size - 1)];

		if (slot->entry == 0)
			return -1;
		(*at)++;
		if (slot->hash == hash)
			return slot->entry - 1;
	}
}

#endif

/* Options of the database and of each family. Everything here was chosen by measuring; the numbers
 * stand in ledger/FORMAT.md under "Decisions". */
#include "ledger/log/store_internal.h"

#include <rocksdb/c.h>
#include <string.h>

/* What a family holds decides how it is laid out.
 *
 * log, tree      keys ascend for ever: files never overlap, so compaction moves them without
 *                rewriting; large blocks for scans; found by seek, so no bloom filter
 * commands,      random keys, asked for by exact key and mostly absent: bloom filter, small blocks
 * vault, rows
 * gathered       a queue: keys ascend, and ranges at its front are deleted
 * index          random prefixes, read by seek: small blocks, no filter
 *
 * index and commands take finished files only, never a row through a memory table: RocksDB 7.8
 * merges finished files of such a family into one whose span of sequence numbers lies within that
 * of an unflushed memory table, and refuses the flush after it as corrupt (its issue 10776). */
struct family_tuning {
    const char *name;
    int compression;
    size_t block_bytes;
    size_t write_buffer_bytes;
    uint64_t file_bytes;
    bool bloom;
    bool sparse; /* see runs_options */
};

#define KIB ((size_t) 1 << 10)
#define MIB ((size_t) 1 << 20)

static const struct family_tuning tunings[] = {
    {"log", rocksdb_zstd_compression, 64 * KIB, 32 * MIB, 64 * MIB, false, false},
    {"tree", rocksdb_no_compression, 16 * KIB, 16 * MIB, 64 * MIB, false, false},
    {"gathered", rocksdb_no_compression, 16 * KIB, 16 * MIB, 32 * MIB, false, false},
    {"index", rocksdb_lz4_compression, 8 * KIB, 16 * MIB, 32 * MIB, false, true},
    {"commands", rocksdb_lz4_compression, 8 * KIB, 16 * MIB, 32 * MIB, true, true},
    {"vault", rocksdb_no_compression, 8 * KIB, 16 * MIB, 32 * MIB, true, false},
    {"meta", rocksdb_no_compression, 4 * KIB, 1 * MIB, 4 * MIB, false, false},
    {"default", rocksdb_no_compression, 4 * KIB, 1 * MIB, 4 * MIB, false, false},
};
static const struct family_tuning rows_tuning = {
    "", rocksdb_lz4_compression, 8 * KIB, 16 * MIB, 32 * MIB, true, false,
};

const char *const tn_store_fixed_families[TN_STORE_FIXED_FAMILIES] = {
    "default", "log", "tree", "gathered", "index", "commands", "vault", "meta",
};

/* All memory tables together; the WAL cap keeps them smaller unless writes bypass the WAL. */
#define MEMTABLES_BYTES_MAX (96 * MIB)
/* One compaction reads and writes at most about this much, which bounds the space it needs. */
#define COMPACTION_BYTES_MAX (256ull << 20)
#define BLOOM_BITS_A_KEY 10
#define RUNS_MAX 8

static const struct family_tuning *tuning_of(const char *name);
static void database_options(rocksdb_options_t *options, const struct tn_store *store);
static void runs_options(rocksdb_options_t *options);
static void table_options(rocksdb_options_t *options, const struct tn_store *store,
                          const struct family_tuning *tuning);

rocksdb_options_t *tn_store_options_for(const struct tn_store *store, const char *name)
{
    const struct family_tuning *tuning = tuning_of(name);
    rocksdb_options_t *options = rocksdb_options_create();
    database_options(options, store);
    rocksdb_options_set_compression(options, tuning->compression);
    rocksdb_options_set_write_buffer_size(options, tuning->write_buffer_bytes);
    rocksdb_options_set_max_write_buffer_number(options, 3);
    rocksdb_options_set_target_file_size_base(options, tuning->file_bytes);
    rocksdb_options_set_max_compaction_bytes(options, COMPACTION_BYTES_MAX);
    if (tuning->sparse) {
        runs_options(options);
    } else {
        rocksdb_options_set_level_compaction_dynamic_level_bytes(options, 1);
    }
    if (tuning->bloom) {
        rocksdb_options_set_memtable_prefix_bloom_size_ratio(options, 0.1);
        rocksdb_options_set_memtable_whole_key_filtering(options, 1);
    }
    table_options(options, store, tuning);
    return options;
}

bool tn_store_merges_whole(const char *name)
{
    return tuning_of(name)->sparse;
}

static const struct family_tuning *tuning_of(const char *name)
{
    for (size_t i = 0; i < sizeof(tunings) / sizeof(tunings[0]); i++) {
        if (strcmp(tunings[i].name, name) == 0) {
            return &tunings[i];
        }
    }
    return &rows_tuning;
}

static void database_options(rocksdb_options_t *options, const struct tn_store *store)
{
    bool writer = store->mode == TN_STORE_WRITER;
    rocksdb_options_set_create_if_missing(options, writer);
    rocksdb_options_set_create_missing_column_families(options, writer);
    rocksdb_options_set_max_open_files(options, writer ? TN_STORE_OPEN_FILES_MAX : -1);
    rocksdb_options_set_max_total_wal_size(options, TN_STORE_WAL_BYTES);
    rocksdb_options_set_db_write_buffer_size(options, MEMTABLES_BYTES_MAX);
    /* After a power cut: everything up to the first torn record, and nothing behind it. */
    rocksdb_options_set_wal_recovery_mode(options, rocksdb_point_in_time_recovery);
    /* Two cores: one flush and one compaction beside the writer. */
    rocksdb_options_set_max_background_jobs(options, 2);
    /* Write files out as they grow, so that a synced append does not wait behind them. */
    rocksdb_options_set_bytes_per_sync(options, 1 * MIB);
    rocksdb_options_set_info_log_level(options, 2); /* warnings */
    rocksdb_options_set_keep_log_file_num(options, 4);
    rocksdb_options_set_max_log_file_size(options, 4 * MIB);
    rocksdb_options_set_stats_dump_period_sec(options, 0);
    rocksdb_options_set_stats_persist_period_sec(options, 0);
}

/* Many small files of keys from everywhere: merging by levels would rewrite the largest level for
 * every few of them (45 % of all CPU in a bulk load). So files are merged with their like, and up
 * to RUNS_MAX sorted runs are looked through; all of them are merged into one at times, which needs
 * as much space again. */
static void runs_options(rocksdb_options_t *options)
{
    rocksdb_universal_compaction_options_t *runs = rocksdb_universal_compaction_options_create();
    rocksdb_options_set_compaction_style(options, rocksdb_universal_compaction);
    rocksdb_options_set_universal_compaction_options(options, runs);
    rocksdb_universal_compaction_options_destroy(runs);
    rocksdb_options_set_level0_file_num_compaction_trigger(options, RUNS_MAX);
    rocksdb_options_set_level0_slowdown_writes_trigger(options, 4 * RUNS_MAX);
    rocksdb_options_set_level0_stop_writes_trigger(options, 6 * RUNS_MAX);
}

/* The options own the table options' filter policy; the cache is shared and counted. */
static void table_options(rocksdb_options_t *options, const struct tn_store *store,
                          const struct family_tuning *tuning)
{
    rocksdb_block_based_table_options_t *table = rocksdb_block_based_options_create();
    rocksdb_block_based_options_set_block_cache(table, store->cache);
    rocksdb_block_based_options_set_block_size(table, tuning->block_bytes);
    rocksdb_block_based_options_set_format_version(table, 5);
    rocksdb_block_based_options_set_cache_index_and_filter_blocks(table, 1);
    rocksdb_block_based_options_set_cache_index_and_filter_blocks_with_high_priority(table, 1);
    rocksdb_block_based_options_set_pin_l0_filter_and_index_blocks_in_cache(table, 1);
    if (tuning->bloom) {
        rocksdb_block_based_options_set_filter_policy(
            table, rocksdb_filterpolicy_create_bloom_full(BLOOM_BITS_A_KEY));
        rocksdb_block_based_options_set_index_type(
            table, rocksdb_block_based_table_index_type_two_level_index_search);
        rocksdb_block_based_options_set_partition_filters(table, 1);
        rocksdb_block_based_options_set_metadata_block_size(table, 8 * KIB);
        rocksdb_block_based_options_set_pin_top_level_index_and_filter(table, 1);
    }
    rocksdb_options_set_block_based_table_factory(options, table);
    rocksdb_block_based_options_destroy(table);
}

/* Tile paths have one spelling; sizes say which tiles exist; bundles are bounded. */
#include "tests/ledger/log/vectors.h"

#include <sodium.h>

#include "ledger/base/check.h"
#include "ledger/base/hash.h"
#include "ledger/log/tile.h"

struct spelling {
    const char *path;
    struct tn_tile tile;
};

static const struct spelling good[] = {
    {"tile/0/000", {.level = 0, .index = 0, .width = 256}},
    {"tile/0/999", {.level = 0, .index = 999, .width = 256}},
    {"tile/0/x001/000", {.level = 0, .index = 1000, .width = 256}},
    {"tile/0/x001/000.p/17", {.level = 0, .index = 1000, .width = 17}},
    {"tile/1/x001/x234/067", {.level = 1, .index = 1234067, .width = 256}},
    {"tile/63/005.p/255", {.level = 63, .index = 5, .width = 255}},
    {"tile/10/x010/000.p/1", {.level = 10, .index = 10000, .width = 1}},
    {"tile/entries/000.p/1", {.entries = true, .index = 0, .width = 1}},
    {"tile/entries/x123/456", {.entries = true, .index = 123456, .width = 256}},
    {"tile/0/x999/x999/x999/x999/x999/999.p/255",
     {.level = 0, .index = TN_TILE_INDEX_MAX, .width = 255}},
};

static const char *const bad[] = {
    "",
    "tile",
    "tile/",
    "tile/0",
    "tile/0/",
    "/tile/0/000",
    "tile/00/000",
    "tile/01/000",
    "tile/64/000",
    "tile/100/000",
    "tile/-1/000",
    "tile/+1/000",
    "tile//000",
    "tile/0//000",
    "tile/0/0",
    "tile/0/00",
    "tile/0/0000",
    "tile/0/1000",
    "tile/0/x000/000",
    "tile/0/x000/x001/000",
    "tile/0/x001",
    "tile/0/x001/",
    "tile/0/x001/00",
    "tile/0/001/000",
    "tile/0/x001/x000",
    "tile/0/X001/000",
    "tile/0/x001/x000/x000/x000/x000/x000/000",
    "tile/0/000.p",
    "tile/0/000.p/",
    "tile/0/000.p/0",
    "tile/0/000.p/00",
    "tile/0/000.p/007",
    "tile/0/000.p/256",
    "tile/0/000.p/1000",
    "tile/0/000.p/-1",
    "tile/0/000.p/1/",
    "tile/0/000.P/1",
    "tile/0/000/1",
    "tile/0/000 ",
    "tile/0/000?",
    "tile/0/00a",
    "tile/entries",
    "tile/entries/",
    "tile/entries/0/000",
    "tile/entries/000.p/256",
    "tile/Entries/000",
    "tile/data/000",
    "tiles/0/000",
    "TILE/0/000",
    "checkpoint",
};

static void path_reads_and_writes_its_one_spelling(void **state)
{
    (void) state;
    for (size_t i = 0; i < TN_ARRAY_SIZE(good); i++) {
        struct tn_tile tile;
        char path[TN_TILE_PATH_SIZE];

        assert_int_equal(tn_tile_path_parse(tn_bytes_from_string(good[i].path), &tile), TN_OK);
        assert_int_equal(tile.entries, good[i].tile.entries);
        assert_int_equal(tile.level, good[i].tile.level);
        assert_int_equal(tile.index, good[i].tile.index);
        assert_int_equal(tile.width, good[i].tile.width);
        tn_tile_path_format(&good[i].tile, path);
        assert_string_equal(path, good[i].path);
    }
}

static void every_other_spelling_is_refused(void **state)
{
    (void) state;
    for (size_t i = 0; i < TN_ARRAY_SIZE(bad); i++) {
        struct tn_tile tile;

        if (tn_tile_path_parse(tn_bytes_from_string(bad[i]), &tile) != TN_INVALID) {
            fail_msg("accepted: %s", bad[i]);
        }
        assert_true(tn_is_zero(&tile, sizeof(tile)));
    }
    /* A zero byte is a byte like any other. */
    struct tn_tile tile;
    assert_int_equal(tn_tile_path_parse(tn_bytes("tile/0/000\0", 11), &tile), TN_INVALID);
}

static void format_and_parse_are_inverse_over_indices(void **state)
{
    (void) state;
    for (uint64_t index = 1; index < TN_TILE_INDEX_MAX / 7; index = index * 7 + index % 5) {
        struct tn_tile tile = {.level = (unsigned) (index % 64),
                               .index = index,
                               .width = 1 + (unsigned) (index % 256)};
        struct tn_tile read;
        char path[TN_TILE_PATH_SIZE];

        tn_tile_path_format(&tile, path);
        assert_int_equal(tn_tile_path_parse(tn_bytes_from_string(path), &read), TN_OK);
        assert_int_equal(read.level, tile.level);
        assert_int_equal(read.index, tile.index);
        assert_int_equal(read.width, tile.width);
    }
}

static void size_says_which_tiles_exist(void **state)
{
    const struct tn_tile beyond = {.level = 0, .index = 273, .width = 113};
    const struct tn_tile grown = {.level = 0, .index = 272, .width = 3};
    const struct tn_tile above = {.level = 3, .index = 0, .width = 1};
    const struct tn_tile nothing = {.level = 0, .index = 0, .width = 0};

    (void) state;
    assert_int_equal(tn_tile_full_count(0, 70000), 273);
    assert_int_equal(tn_tile_partial_width(0, 70000), 112);
    assert_int_equal(tn_tile_full_count(1, 70000), 1);
    assert_int_equal(tn_tile_partial_width(1, 70000), 17);
    assert_int_equal(tn_tile_full_count(2, 70000), 0);
    assert_int_equal(tn_tile_partial_width(2, 70000), 1);
    assert_int_equal(tn_tile_partial_width(3, 70000), 0);
    assert_int_equal(tn_tile_width_at(0, 272, 70000), 256);
    assert_int_equal(tn_tile_width_at(0, 273, 70000), 112);
    assert_int_equal(tn_tile_width_at(0, 274, 70000), 0);
    assert_int_equal(tn_tile_width_at(0, UINT64_MAX, 70000), 0);
    for (unsigned level = 0; level < 64; level++) {
        assert_int_equal(tn_tile_width_at(level, 0, 0), 0);
    }
    assert_int_equal(tn_tile_full_count(63, UINT64_MAX), 0);
    assert_int_equal(tn_tile_width_at(7, 0, (uint64_t) INT64_MAX), 127);
    assert_int_equal(tn_tile_width_at(8, 0, UINT64_MAX), 0);
    assert_false(tn_tile_exists(&beyond, 70000));
    assert_true(tn_tile_exists(&beyond, 70001));
    assert_true(tn_tile_exists(&grown, 70000));
    assert_false(tn_tile_exists(&above, 70000));
    assert_true(tn_tile_exists(&above, 1 << 24));
    assert_false(tn_tile_exists(&nothing, 70000));
}

/* ---- bundles ---- */

static void bundle_gives_back_its_entries(void **state)
{
    static uint8_t longest[TN_BUNDLE_ENTRY_BYTES_MAX + 1];
    struct tn_buffer buffer;
    struct tn_bundle bundle;
    struct tn_bytes entry;
    size_t size;

    (void) state;
    tn_buffer_init(&buffer, TN_BUNDLE_BYTES_MAX);
    assert_int_equal(tn_bundle_append(&buffer, tn_bytes("one", 3)), TN_OK);
    assert_int_equal(tn_bundle_append(&buffer, tn_bytes("", 0)), TN_OK);
    assert_int_equal(tn_bundle_append(&buffer, tn_bytes(longest, sizeof(longest))), TN_INVALID);
    assert_int_equal(tn_bundle_append(&buffer, tn_bytes(longest, sizeof(longest) - 1)), TN_OK);
    assert_int_equal(buffer.size, 2 + 3 + 2 + 2 + TN_BUNDLE_ENTRY_BYTES_MAX);
    assert_memory_equal(buffer.data, "\x00\x03one\x00\x00\xff\xff", 9);

    bundle.rest = tn_buffer_view(&buffer);
    assert_int_equal(tn_bundle_next(&bundle, &entry), TN_OK);
    assert_true(tn_bytes_equal_string(entry, "one"));
    assert_int_equal(tn_bundle_next(&bundle, &entry), TN_OK);
    assert_int_equal(entry.size, 0);
    assert_int_equal(tn_bundle_next(&bundle, &entry), TN_OK);
    assert_int_equal(entry.size, TN_BUNDLE_ENTRY_BYTES_MAX);
    assert_int_equal(tn_bundle_next(&bundle, &entry), TN_NOT_FOUND);
    assert_int_equal(tn_bundle_check(tn_buffer_view(&buffer), 3), TN_OK);
    assert_int_equal(tn_bundle_check(tn_buffer_view(&buffer), 2), TN_CORRUPT);
    assert_int_equal(tn_bundle_check(tn_buffer_view(&buffer), 4), TN_CORRUPT);
    assert_int_equal(tn_bundle_prefix(tn_buffer_view(&buffer), 2, &size), TN_OK);
    assert_int_equal(size, 7);
    for (size_t cut = 1; cut < buffer.size; cut += cut < 12 ? 1 : 9973) {
        assert_int_equal(tn_bundle_check(tn_bytes(buffer.data, cut), 3), TN_CORRUPT);
    }
    for (size_t missing = 1; missing <= 3; missing++) {
        bundle.rest = tn_bytes(buffer.data + 7, buffer.size - 7 - missing);
        assert_int_equal(tn_bundle_next(&bundle, &entry), TN_CORRUPT);
        assert_int_equal(entry.size, 0);
    }
    tn_buffer_close(&buffer);
}

/* The path under the folder of a published log. */
static char *resource_read(const char *log, const struct tn_tile *tile, size_t *size)
{
    char name[TN_TILE_PATH_SIZE];
    char path[256];

    tn_tile_path_format(tile, name);
    (void) snprintf(path, sizeof(path), VECTORS "%s/%s", log, name);
    return file_read(path, size);
}

/* Leaf hashes of the bundle are the tile; the tile is what the checkpoint's line says. */
static void log_holds(const char *log, uint64_t size)
{
    static struct tn_tree tree;
    char path[256];
    char root_text[TN_BASE64_SIZE(TN_HASH_SIZE)];
    uint8_t root[TN_HASH_SIZE];
    size_t length;
    char *checkpoint;

    tn_tree_init(&tree);
    for (uint64_t index = 0; index * TN_TILE_WIDTH < size; index++) {
        struct tn_tile tile = {
            .entries = true, .index = index, .width = tn_tile_width_at(0, index, size)};
        char *bytes = resource_read(log, &tile, &length);
        struct tn_bundle bundle = {.rest = tn_bytes(bytes, length)};
        struct tn_bytes entry;
        char *hashes;

        assert_int_equal(tn_bundle_check(bundle.rest, tile.width), TN_OK);
        tile.entries = false;
        hashes = resource_read(log, &tile, &length);
        assert_int_equal(length, tile.width * (size_t) TN_HASH_SIZE);
        for (size_t i = 0; i < tile.width; i++) {
            uint8_t leaf[TN_HASH_SIZE];

            assert_int_equal(tn_bundle_next(&bundle, &entry), TN_OK);
            tn_leaf_hash(leaf, entry);
            assert_memory_equal(leaf, hashes + i * TN_HASH_SIZE, sizeof(leaf));
            tn_tree_append(&tree, entry, NULL, NULL);
        }
        free(hashes);
        free(bytes);
    }
    for (unsigned level = 1; tn_tile_partial_width(level, size) > 0; level++) {
        struct tn_tile tile = {.level = level,
                               .index = tn_tile_full_count(level, size),
                               .width = tn_tile_partial_width(level, size)};
        char *hashes = resource_read(log, &tile, &length);
        unsigned width;

        assert_memory_equal(hashes, tn_tree_growing(&tree, level, &width), length);
        assert_int_equal(length, width * (size_t) TN_HASH_SIZE);
        free(hashes);
    }
    (void) snprintf(path, sizeof(path), VECTORS "%s/checkpoint.%u", log, (unsigned) size);
    checkpoint = file_read(path, &length);
    tn_tree_root(&tree, root);
    tn_base64_encode(root_text, root, sizeof(root));
    assert_non_null(strstr(checkpoint, root_text));
    free(checkpoint);
}

static void logs_of_others_hold(void **state)
{
    static const uint64_t sizes[] = {1, 255, 256, 257, 300, 512, 600};

    (void) state;
    vectors_or_skip();
    for (uint64_t size = 0; size <= 15; size++) {
        log_holds("tessera-log", size);
    }
    for (size_t i = 0; i < TN_ARRAY_SIZE(sizes); i++) {
        log_holds("xmod/log", sizes[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(path_reads_and_writes_its_one_spelling),
        cmocka_unit_test(every_other_spelling_is_refused),
        cmocka_unit_test(format_and_parse_are_inverse_over_indices),
        cmocka_unit_test(size_says_which_tiles_exist),
        cmocka_unit_test(bundle_gives_back_its_entries),
        cmocka_unit_test(logs_of_others_hold),
    };

    if (sodium_init() < 0) {
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}

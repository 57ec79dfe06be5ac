/* Photographs: every size comes back, nothing but images is taken, no piece can be moved. */
#include "tests/ledger/vault/support.h"

#include "ledger/base/check.h"
#include "ledger/vault/photo.h"

static const uint8_t subject[TN_ID_SIZE] = {1};
static const uint8_t dek[TN_DEK_SIZE] = {2};
static const struct tn_sealed_name name = {subject, 6, 1};

/* A PNG by its first bytes, then noise. */
static uint8_t *make_image(size_t size)
{
    struct tn_random random;
    uint8_t *image = malloc(size);
    assert_non_null(image);
    tn_random_init_seeded(&random, size, "photo", 0);
    tn_random_fill(&random, image, size);
    memcpy(image, "\x89PNG\r\n\x1a\n", 8);
    return image;
}

static void seal(struct tn_bytes image, struct tn_buffer *sealed)
{
    struct tn_random random;
    tn_random_init_seeded(&random, 1, "photo_test", 0);
    tn_buffer_init(sealed, TN_PHOTO_SEALED_MAX);
    assert_int_equal(tn_photo_seal(dek, 1, &name, image, &random, sealed), TN_OK);
}

static enum tn_status open_sealed(struct tn_bytes sealed)
{
    struct tn_buffer plain;
    tn_buffer_init(&plain, TN_PHOTO_PLAIN_MAX);
    enum tn_status status = tn_photo_open(dek, 1, &name, sealed, &plain);
    assert_true(status == TN_OK || plain.size == 0);
    tn_buffer_close_secret(&plain);
    return status;
}

static void every_size_comes_back(void **state)
{
    static const size_t sizes[] = {9, 100, 65535, 65536, 65537, 131072, 200000, TN_PHOTO_PLAIN_MAX};
    (void) state;
    for (size_t i = 0; i < TN_ARRAY_SIZE(sizes); i++) {
        struct tn_buffer sealed;
        struct tn_buffer plain;
        uint8_t *image = make_image(sizes[i]);
        seal(tn_bytes(image, sizes[i]), &sealed);
        assert_int_equal(sealed.size, 30 + sizes[i] + 17 * ((sizes[i] + 65535) / 65536));
        tn_buffer_init(&plain, TN_PHOTO_PLAIN_MAX);
        assert_int_equal(tn_photo_open(dek, 1, &name, tn_buffer_view(&sealed), &plain), TN_OK);
        assert_true(tn_bytes_equal(tn_buffer_view(&plain), tn_bytes(image, sizes[i])));
        tn_buffer_close(&plain);
        tn_buffer_init(&plain, sizes[i] - 1);
        assert_int_equal(tn_photo_open(dek, 1, &name, tn_buffer_view(&sealed), &plain), TN_FULL);
        assert_int_equal(plain.size, 0);
        tn_buffer_close(&plain);
        tn_buffer_close(&sealed);
        free(image);
    }
}

static void only_images_are_taken(void **state)
{
    static const struct {
        const char *label;
        const char *bytes;
        size_t size;
        bool image;
    } cases[] = {
        {"empty", "", 0, false},
        {"JPEG", "\xff\xd8\xff\xe0", 4, true},
        {"JPEG's first bytes alone", "\xff\xd8\xff", 3, false},
        {"PNG", "\x89PNG\r\n\x1a\n.", 9, true},
        {"PNG with bent line end", "\x89PNG\n\n\x1a\n.", 9, false},
        {"GIF", "GIF89a..........", 16, false},
        {"script", "<svg onload=...>", 16, false},
    };
    struct tn_random random;
    struct tn_buffer sealed;
    (void) state;
    tn_random_init_seeded(&random, 1, "photo_test", 0);
    tn_buffer_init(&sealed, TN_PHOTO_SEALED_MAX);
    for (size_t i = 0; i < TN_ARRAY_SIZE(cases); i++) {
        struct tn_bytes bytes = tn_bytes(cases[i].bytes, cases[i].size);
        enum tn_status status = tn_photo_seal(dek, 1, &name, bytes, &random, &sealed);
        if (tn_photo_is_image(bytes) != cases[i].image ||
            status != (cases[i].image ? TN_OK : TN_INVALID)) {
            fail_msg("%s", cases[i].label);
        }
    }
    uint8_t *image = make_image(TN_PHOTO_PLAIN_MAX + 1);
    assert_int_equal(
        tn_photo_seal(dek, 1, &name, tn_bytes(image, TN_PHOTO_PLAIN_MAX + 1), &random, &sealed),
        TN_INVALID);
    free(image);
    tn_buffer_close(&sealed);
}

static void changed_cut_or_moved_pieces_do_not_open(void **state)
{
    const size_t size = 3 * TN_PHOTO_PIECE;
    const size_t piece = TN_PHOTO_PIECE + 17;
    struct tn_buffer sealed;
    uint8_t *image = make_image(size);
    (void) state;
    seal(tn_bytes(image, size), &sealed);
    struct tn_bytes whole = tn_buffer_view(&sealed);
    assert_int_equal(open_sealed(whole), TN_OK);
    for (size_t at = 0; at < sealed.size; at += at < 64 ? 1 : 4099) {
        sealed.data[at] ^= 0x40;
        enum tn_status status = open_sealed(whole);
        if (status != TN_CORRUPT && !(at < 2 && status == TN_UNSUPPORTED)) {
            fail_msg("byte %zu: %s", at, tn_status_name(status));
        }
        sealed.data[at] ^= 0x40;
    }
    /* Cut at a piece's end: every piece is right, the last is not the last. */
    assert_int_equal(open_sealed(tn_bytes(whole.data, 30 + 2 * piece)), TN_CORRUPT);
    assert_int_equal(open_sealed(tn_bytes(whole.data, 30 + piece)), TN_CORRUPT);
    assert_int_equal(open_sealed(tn_bytes(whole.data, 30 + piece + 17)), TN_CORRUPT);
    assert_int_equal(open_sealed(tn_bytes(whole.data, 30)), TN_CORRUPT);
    /* Two pieces exchanged, and one put behind the end. */
    uint8_t *moved = malloc(sealed.size + piece);
    assert_non_null(moved);
    memcpy(moved, whole.data, 30);
    memcpy(moved + 30, whole.data + 30 + piece, piece);
    memcpy(moved + 30 + piece, whole.data + 30, piece);
    memcpy(moved + 30 + 2 * piece, whole.data + 30 + 2 * piece, piece);
    assert_int_equal(open_sealed(tn_bytes(moved, sealed.size)), TN_CORRUPT);
    memcpy(moved, whole.data, sealed.size);
    memcpy(moved + sealed.size, whole.data + 30, piece);
    assert_int_equal(open_sealed(tn_bytes(moved, sealed.size + piece)), TN_CORRUPT);
    free(moved);
    free(image);
    tn_buffer_close(&sealed);
}

static void a_photograph_opens_under_its_own_name_only(void **state)
{
    static const uint8_t other_subject[TN_ID_SIZE] = {9};
    static const uint8_t other_dek[TN_DEK_SIZE] = {9};
    const struct tn_sealed_name others[] = {
        {other_subject, 6, 1}, {subject, 5, 1}, {subject, 6, 2}};
    struct tn_buffer sealed;
    struct tn_buffer plain;
    uint8_t *image = make_image(50);
    (void) state;
    seal(tn_bytes(image, 50), &sealed);
    tn_buffer_init(&plain, TN_PHOTO_PLAIN_MAX);
    for (size_t i = 0; i < TN_ARRAY_SIZE(others); i++) {
        assert_int_equal(tn_photo_open(dek, 1, &others[i], tn_buffer_view(&sealed), &plain),
                         TN_CORRUPT);
    }
    assert_int_equal(tn_photo_open(dek, 2, &name, tn_buffer_view(&sealed), &plain), TN_CORRUPT);
    assert_int_equal(tn_photo_open(other_dek, 1, &name, tn_buffer_view(&sealed), &plain),
                     TN_CORRUPT);
    assert_int_equal(plain.size, 0);
    tn_buffer_close(&plain);
    tn_buffer_close(&sealed);
    free(image);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_size_comes_back),
        cmocka_unit_test(only_images_are_taken),
        cmocka_unit_test(changed_cut_or_moved_pieces_do_not_open),
        cmocka_unit_test(a_photograph_opens_under_its_own_name_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

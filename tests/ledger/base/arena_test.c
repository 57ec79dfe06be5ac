#include "tests/ledger/base/unit.h"

#include <stdalign.h>
#include <string.h>

#include "ledger/base/arena.h"

static void pieces_are_aligned_zeroed_and_apart(void **state)
{
    (void) state;
    struct tn_arena arena;
    tn_arena_init(&arena, 10 * 1024 * 1024);
    for (int round = 0; round < 3; round++) {
        uint8_t *pieces[300];
        for (size_t i = 0; i < 300; i++) {
            size_t size = i * 37 % 5000;
            pieces[i] = tn_arena_alloc(&arena, size);
            assert_non_null(pieces[i]);
            assert_int_equal((uintptr_t) pieces[i] % alignof(max_align_t), 0);
            assert_true(tn_is_zero(pieces[i], size));
            memset(pieces[i], (int) (i & 255), size);
        }
        for (size_t i = 0; i < 300; i++) {
            size_t size = i * 37 % 5000;
            for (size_t k = 0; k < size; k++) {
                assert_int_equal(pieces[i][k], i & 255);
            }
        }
        tn_arena_reset(&arena);
        assert_int_equal(arena.used, 0);
    }
    tn_arena_close(&arena);
    tn_arena_close(&arena);
}

static void the_limit_holds_since_the_last_reset(void **state)
{
    (void) state;
    struct tn_arena arena;
    tn_arena_init(&arena, 1024);
    assert_null(tn_arena_alloc(&arena, 1025));
    assert_null(tn_arena_alloc(&arena, SIZE_MAX));
    assert_null(tn_arena_alloc(&arena, SIZE_MAX - 15));
    assert_non_null(tn_arena_alloc(&arena, 1024));
    assert_null(tn_arena_alloc(&arena, 1));
    assert_null(tn_arena_alloc(&arena, 0));
    assert_int_equal(arena.used, 1024);
    tn_arena_reset(&arena);
    size_t count = 0;
    while (tn_arena_alloc(&arena, 1) != NULL) {
        count++;
    }
    /* Each byte counts as what it takes, so tiny pieces do not pass the limit. */
    assert_int_equal(count, 1024 / alignof(max_align_t));
    tn_arena_close(&arena);
}

static void an_array_whose_size_overflows_is_refused(void **state)
{
    (void) state;
    struct tn_arena arena;
    tn_arena_init(&arena, SIZE_MAX);
    assert_null(tn_arena_array(&arena, SIZE_MAX / 2, 4));
    assert_null(tn_arena_array(&arena, SIZE_MAX, SIZE_MAX));
    uint32_t *items = tn_arena_array(&arena, 10, sizeof(*items));
    assert_non_null(items);
    items[9] = 1;
    assert_non_null(tn_arena_array(&arena, 0, 8));
    tn_arena_close(&arena);
}

static void a_copy_is_a_copy(void **state)
{
    (void) state;
    struct tn_arena arena;
    tn_arena_init(&arena, 64);
    char word[] = "word";
    struct tn_bytes copy = tn_arena_copy(&arena, tn_bytes_from_string(word));
    word[0] = 'l';
    assert_true(tn_bytes_equal_string(copy, "word"));
    assert_non_null(tn_arena_copy(&arena, tn_bytes(NULL, 0)).data);
    uint8_t much[64] = {0};
    assert_null(tn_arena_copy(&arena, tn_bytes(much, sizeof(much))).data);
    tn_arena_close(&arena);
}

static void reset_keeps_the_first_block(void **state)
{
    (void) state;
    struct tn_arena arena;
    tn_arena_init(&arena, 1024 * 1024);
    void *first = tn_arena_alloc(&arena, 8);
    for (int i = 0; i < 100; i++) {
        assert_non_null(tn_arena_alloc(&arena, 5000));
    }
    tn_arena_reset(&arena);
    assert_ptr_equal(tn_arena_alloc(&arena, 8), first);
    tn_arena_close(&arena);
    tn_arena_reset(&arena);
    tn_arena_close(&arena);
}

static void a_secret_reset_wipes_what_was_given_out(void **state)
{
    (void) state;
    struct tn_arena arena;
    tn_arena_init(&arena, 1024 * 1024);
    uint8_t *first = tn_arena_alloc(&arena, 3000);
    memset(first, 's', 3000);
    assert_non_null(tn_arena_alloc(&arena, 5000));
    tn_arena_reset_secret(&arena);
    assert_int_equal(arena.used, 0);
    assert_true(tn_is_zero(first, 3000));
    assert_ptr_equal(tn_arena_alloc(&arena, 1), first);
    tn_arena_close_secret(&arena);
    tn_arena_reset_secret(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_are_aligned_zeroed_and_apart),
        cmocka_unit_test(the_limit_holds_since_the_last_reset),
        cmocka_unit_test(an_array_whose_size_overflows_is_refused),
        cmocka_unit_test(a_copy_is_a_copy),
        cmocka_unit_test(reset_keeps_the_first_block),
        cmocka_unit_test(a_secret_reset_wipes_what_was_given_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

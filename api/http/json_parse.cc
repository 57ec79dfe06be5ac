/* The one C++ shim over simdjson: its document becomes a tree in an arena.
 *
 * simdjson judges the grammar, numbers and UTF-8. The walk judges what it does not: duplicate
 * names, U+0000 in strings, and the limits. Nothing of simdjson's memory outlives a call: what it
 * held of the text is wiped. */
extern "C" {
#include "api/http/json.h"
}

#include <simdjson.h>
#include <sodium.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>

namespace dom = simdjson::dom;

struct tn_json_parser {
    dom::parser simdjson;
    char *padded = nullptr; /* the text and SIMDJSON_PADDING zero bytes */
    size_t padded_size = 0;
};

namespace
{

/* Larger copies are not kept between documents. */
constexpr size_t padded_kept_max = 256 * 1024;
constexpr size_t padded_first = 4096;

struct walk {
    const tn_json_limits *limits;
    tn_arena *arena;
    uint32_t values;
    uint8_t *text; /* one block for all strings: unescaping never makes them longer */
    size_t text_left;
    tn_error *error;
};

tn_status walk_value(walk *state, dom::element from, uint32_t depth, tn_json_value *to);

tn_status walk_string(walk *state, std::string_view from, struct tn_bytes *to)
{
    if (memchr(from.data(), 0, from.size()) != nullptr) {
        return tn_fail(state->error, TN_INVALID, "a string holds U+0000, which is not taken here");
    }
    if (from.size() > state->text_left) {
        return tn_fail(state->error, TN_MEMORY, "strings are longer than the document");
    }
    memcpy(state->text, from.data(), from.size());
    *to = tn_bytes(state->text, from.size());
    state->text += from.size();
    state->text_left -= from.size();
    return TN_OK;
}

/* Charge `count` values to the document before memory is taken for them. */
tn_status walk_charge(walk *state, size_t count, uint32_t depth)
{
    if (depth > state->limits->depth_max) {
        return tn_fail(state->error, TN_FULL, "more than %u arrays and objects in each other",
                       state->limits->depth_max);
    }
    if (count > state->limits->values_max - state->values) {
        return tn_fail(state->error, TN_FULL, "more than %u values", state->limits->values_max);
    }
    state->values += static_cast<uint32_t>(count);
    return TN_OK;
}

/* FNV-1a: only to make comparing names cheap; equal ones are compared byte by byte. */
uint64_t fingerprint_of(std::string_view name)
{
    uint64_t hash = 14695981039346656037u;
    for (char c : name) {
        hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211u;
    }
    return hash;
}

tn_status walk_array(walk *state, dom::array from, uint32_t depth, tn_json_value *to)
{
    size_t count = 0;
    for (dom::element item : from) {
        (void) item;
        count++;
    }
    tn_status status = walk_charge(state, count, depth);
    if (status != TN_OK) {
        return status;
    }
    auto *items =
        static_cast<tn_json_value *>(tn_arena_array(state->arena, count, sizeof(tn_json_value)));
    if (items == nullptr) {
        return tn_fail(state->error, TN_MEMORY, "no memory for an array");
    }
    to->type = TN_JSON_ARRAY;
    to->as.items = items;
    for (dom::element item : from) {
        status = walk_value(state, item, depth, &items[to->count]);
        if (status != TN_OK) {
            return status;
        }
        to->count++;
    }
    return TN_OK;
}

tn_status walk_object(walk *state, dom::object from, uint32_t depth, tn_json_value *to)
{
    size_t count = 0;
    for (dom::key_value_pair pair : from) {
        (void) pair;
        count++;
    }
    if (count > state->limits->members_max) {
        return tn_fail(state->error, TN_FULL, "an object has more than %u members",
                       state->limits->members_max);
    }
    tn_status status = walk_charge(state, count, depth);
    if (status != TN_OK) {
        return status;
    }
    auto *members = static_cast<struct tn_json_member *>(
        tn_arena_array(state->arena, count, sizeof(struct tn_json_member)));
    auto *seen = static_cast<uint64_t *>(tn_arena_array(state->arena, count, sizeof(uint64_t)));
    if (members == nullptr || seen == nullptr) {
        return tn_fail(state->error, TN_MEMORY, "no memory for an object");
    }
    to->type = TN_JSON_OBJECT;
    to->as.members = members;
    for (dom::key_value_pair pair : from) {
        uint32_t at = to->count;
        seen[at] = fingerprint_of(pair.key);
        for (uint32_t i = 0; i < at; i++) {
            if (seen[i] == seen[at] && members[i].name.size == pair.key.size() &&
                memcmp(members[i].name.data, pair.key.data(), pair.key.size()) == 0) {
                return tn_fail(state->error, TN_INVALID, "an object has two members of one name");
            }
        }
        status = walk_string(state, pair.key, &members[at].name);
        if (status == TN_OK) {
            status = walk_value(state, pair.value, depth, &members[at].value);
        }
        if (status != TN_OK) {
            return status;
        }
        to->count++;
    }
    return TN_OK;
}

/* Recursion is bounded by depth_max, which simdjson has enforced already. */
tn_status walk_value(walk *state, dom::element from, uint32_t depth, tn_json_value *to)
{
    *to = tn_json_value{};
    switch (from.type()) {
    case dom::element_type::ARRAY:
        return walk_array(state, from.get_array().value_unsafe(), depth + 1, to);
    case dom::element_type::OBJECT:
        return walk_object(state, from.get_object().value_unsafe(), depth + 1, to);
    case dom::element_type::STRING:
        to->type = TN_JSON_STRING;
        return walk_string(state, from.get_string().value_unsafe(), &to->as.string);
    case dom::element_type::INT64: {
        int64_t number = from.get_int64().value_unsafe();
        to->type = number < 0 ? TN_JSON_INT : TN_JSON_UINT;
        if (number < 0) {
            to->as.int64 = number;
        } else {
            to->as.uint64 = static_cast<uint64_t>(number);
        }
        return TN_OK;
    }
    case dom::element_type::UINT64:
        to->type = TN_JSON_UINT;
        to->as.uint64 = from.get_uint64().value_unsafe();
        return TN_OK;
    case dom::element_type::DOUBLE:
        to->type = TN_JSON_NUMBER;
        return TN_OK;
    case dom::element_type::BOOL:
        to->type = TN_JSON_BOOL;
        to->as.boolean = from.get_bool().value_unsafe();
        return TN_OK;
    case dom::element_type::NULL_VALUE:
        to->type = TN_JSON_NULL;
        return TN_OK;
    }
    return tn_fail(state->error, TN_INVALID, "a value of no known type");
}

/* The one place where simdjson's errors become ours. */
tn_status translate(simdjson::error_code code, tn_error *error)
{
    switch (code) {
    case simdjson::SUCCESS:
        return TN_OK;
    case simdjson::MEMALLOC:
        return tn_fail(error, TN_MEMORY, "no memory to parse JSON");
    case simdjson::CAPACITY:
        return tn_fail(error, TN_FULL, "the document is too large");
    case simdjson::DEPTH_ERROR:
        return tn_fail(error, TN_FULL, "too many arrays and objects in each other");
    default:
        return tn_fail(error, TN_INVALID, "%s", simdjson::error_message(code));
    }
}

/* Copy the text to where simdjson may read on past its end. */
tn_status parser_pad(tn_json_parser *parser, struct tn_bytes text, tn_error *error)
{
    size_t needed = text.size + simdjson::SIMDJSON_PADDING;
    if (parser->padded == nullptr || parser->padded_size < needed ||
        (parser->padded_size > padded_kept_max && needed <= padded_kept_max)) {
        size_t size = padded_first;
        while (size < needed) {
            size *= 2;
        }
        free(parser->padded);
        parser->padded_size = 0;
        parser->padded = static_cast<char *>(malloc(size));
        if (parser->padded == nullptr) {
            return tn_fail(error, TN_MEMORY, "no memory to parse JSON");
        }
        parser->padded_size = size;
    }
    if (text.size != 0) {
        memcpy(parser->padded, text.data, text.size);
    }
    memset(parser->padded + text.size, 0, simdjson::SIMDJSON_PADDING);
    return TN_OK;
}

/* What one document of `size` bytes can have left behind: the text itself, and simdjson's strings
 * and tape, by the formulas of its dom::document::allocate. */
void parser_wipe(tn_json_parser *parser, size_t size)
{
    dom::document &document = parser->simdjson.doc;
    sodium_memzero(parser->padded, size);
    size = std::min(size, document.capacity());
    if (document.string_buf != nullptr) {
        sodium_memzero(document.string_buf.get(), 5 * size / 3 + simdjson::SIMDJSON_PADDING);
    }
    if (document.tape != nullptr) {
        sodium_memzero(document.tape.get(), (size + 3) * sizeof(uint64_t));
    }
}

tn_status parse_padded(tn_json_parser *parser, size_t size, const tn_json_limits *limits,
                       tn_arena *arena, const tn_json_value **root, tn_error *error)
{
    /* simdjson counts the document itself as one level, and needs at least one to stand on. */
    size_t depth = static_cast<size_t>(limits->depth_max) + 1;
    if (parser->simdjson.capacity() < size || parser->simdjson.max_depth() != depth) {
        size_t capacity = size < padded_first ? padded_first : size;
        tn_status status = translate(parser->simdjson.allocate(capacity, depth), error);
        if (status != TN_OK) {
            return status;
        }
    }
    dom::element document;
    simdjson::error_code code = parser->simdjson.parse(parser->padded, size, false).get(document);
    if (code != simdjson::SUCCESS) {
        return translate(code, error);
    }
    walk state = {limits, arena, 0, nullptr, size, error};
    state.text = static_cast<uint8_t *>(tn_arena_alloc(arena, size));
    auto *top = static_cast<tn_json_value *>(tn_arena_alloc(arena, sizeof(tn_json_value)));
    if (state.text == nullptr || top == nullptr) {
        return tn_fail(error, TN_MEMORY, "no memory for a document");
    }
    tn_status status = walk_charge(&state, 1, 0);
    if (status == TN_OK) {
        status = walk_value(&state, document, 0, top);
    }
    if (status == TN_OK) {
        *root = top;
    }
    return status;
}

} // namespace

extern "C" struct tn_json_parser *tn_json_parser_create(void)
{
    return new (std::nothrow) tn_json_parser();
}

extern "C" void tn_json_parser_destroy(struct tn_json_parser *parser)
{
    if (parser != nullptr) {
        free(parser->padded);
        delete parser;
    }
}

extern "C" enum tn_status tn_json_parse(struct tn_json_parser *parser, struct tn_bytes text,
                                        const struct tn_json_limits *limits, struct tn_arena *arena,
                                        const struct tn_json_value **root, struct tn_error *error)
{
    static const tn_json_limits usual = {TN_JSON_DEPTH_MAX, TN_JSON_MEMBERS_MAX, TN_JSON_VALUES_MAX,
                                         TN_JSON_SIZE_MAX};
    *root = nullptr;
    if (limits == nullptr) {
        limits = &usual;
    }
    if (text.size > limits->size_max) {
        return tn_fail(error, TN_FULL, "the document is over %zu bytes", limits->size_max);
    }
    tn_status status = parser_pad(parser, text, error);
    if (status != TN_OK) {
        return status;
    }
    status = parse_padded(parser, text.size, limits, arena, root, error);
    parser_wipe(parser, text.size);
    return status;
}

/* Routes as a tree of path segments. Built once, then read by every loop. */
#include "api/http/router.h"

#include <stdlib.h>
#include <string.h>

#include "ledger/base/check.h"

enum segment_kind {
    SEGMENT_LITERAL,
    SEGMENT_PARAMETER, /* {name} */
    SEGMENT_REST,      /* {name...} */
};

struct segment {
    enum segment_kind kind;
    struct tn_bytes text; /* a literal, or a parameter's name */
};

#define NO_NODE UINT16_MAX

struct node {
    struct tn_bytes literal;
    uint16_t child;     /* first literal child */
    uint16_t sibling;   /* next literal child of the same parent */
    uint16_t parameter; /* child for any segment */
    const struct tn_http_route *routes[TN_HTTP_METHOD_COUNT];
    const struct tn_http_route *rest[TN_HTTP_METHOD_COUNT]; /* routes for all that is left */
};

struct tn_http_router {
    struct node *nodes;
    size_t count;
    size_t capacity;
};

/* --- patterns ----------------------------------------------------------------------------------
 */

static bool is_name(struct tn_bytes text)
{
    for (size_t i = 0; i < text.size; i++) {
        uint8_t c = text.data[i];
        if (!((c >= 'a' && c <= 'z') || c == '_')) {
            return false;
        }
    }
    return text.size != 0;
}

static bool segment_parse(struct tn_bytes text, struct segment *segment)
{
    *segment = (struct segment){.kind = SEGMENT_LITERAL, .text = text};
    if (text.size == 0) {
        return false;
    }
    if (text.data[0] != '{') {
        return memchr(text.data, '{', text.size) == NULL &&
               memchr(text.data, '}', text.size) == NULL;
    }
    if (text.data[text.size - 1] != '}') {
        return false;
    }
    segment->kind = SEGMENT_PARAMETER;
    segment->text = tn_bytes(text.data + 1, text.size - 2);
    if (segment->text.size > 3 &&
        memcmp(segment->text.data + segment->text.size - 3, "...", 3) == 0) {
        segment->kind = SEGMENT_REST;
        segment->text.size -= 3;
    }
    return is_name(segment->text);
}

/* Split a pattern; false when it is none. "/" has no segments. */
static bool pattern_parse(const char *pattern, struct segment segments[TN_HTTP_SEGMENTS_MAX],
                          size_t *count)
{
    size_t parameters = 0;
    *count = 0;
    if (pattern == NULL || pattern[0] != '/') {
        return false;
    }
    if (pattern[1] == '\0') {
        return true;
    }
    const char *at = pattern + 1;
    for (;;) {
        size_t size = strcspn(at, "/");
        if (*count == TN_HTTP_SEGMENTS_MAX ||
            (*count != 0 && segments[*count - 1].kind == SEGMENT_REST) ||
            !segment_parse(tn_bytes(at, size), &segments[*count])) {
            return false;
        }
        parameters += segments[*count].kind == SEGMENT_LITERAL ? 0 : 1;
        (*count)++;
        if (at[size] == '\0') {
            return parameters <= TN_HTTP_PARAMETERS_MAX;
        }
        at += size + 1;
    }
}

/* True when two patterns fit the same paths: names of parameters say nothing. */
static bool pattern_same(const char *a, const char *b)
{
    struct segment left[TN_HTTP_SEGMENTS_MAX];
    struct segment right[TN_HTTP_SEGMENTS_MAX];
    size_t left_count = 0;
    size_t right_count = 0;
    if (!pattern_parse(a, left, &left_count) || !pattern_parse(b, right, &right_count) ||
        left_count != right_count) {
        return false;
    }
    for (size_t i = 0; i < left_count; i++) {
        if (left[i].kind != right[i].kind ||
            (left[i].kind == SEGMENT_LITERAL && !tn_bytes_equal(left[i].text, right[i].text))) {
            return false;
        }
    }
    return true;
}

static enum tn_status route_check(const struct tn_http_route *route, struct tn_error *error)
{
    struct segment segments[TN_HTTP_SEGMENTS_MAX];
    size_t count = 0;
    const char *shown = route->pattern == NULL ? "(no pattern)" : route->pattern;
    if ((unsigned) route->method >= TN_HTTP_METHOD_COUNT || route->method == TN_HTTP_NONE) {
        return tn_fail(error, TN_INVALID, "route %s: no method", shown);
    }
    const char *method = tn_http_method_name(route->method);
    if (!pattern_parse(route->pattern, segments, &count)) {
        return tn_fail(error, TN_INVALID, "route %s %s: not a pattern", method, shown);
    }
    if (route->access == TN_ACCESS_UNSET || (unsigned) route->access >= TN_ACCESS_COUNT) {
        return tn_fail(error, TN_INVALID, "route %s %s: no authorisation row", method, shown);
    }
    if (route->handler == NULL) {
        return tn_fail(error, TN_INVALID, "route %s %s: no handler", method, shown);
    }
    return TN_OK;
}

enum tn_status tn_http_routes_check(const struct tn_http_route *routes, size_t count,
                                    struct tn_error *error)
{
    if (count > TN_HTTP_ROUTES_MAX) {
        return tn_fail(error, TN_INVALID, "more than %d routes", TN_HTTP_ROUTES_MAX);
    }
    for (size_t i = 0; i < count; i++) {
        enum tn_status status = route_check(&routes[i], error);
        if (status != TN_OK) {
            return status;
        }
        for (size_t j = 0; j < i; j++) {
            if (routes[i].method == routes[j].method &&
                pattern_same(routes[i].pattern, routes[j].pattern)) {
                return tn_fail(error, TN_INVALID, "route %s %s: stands twice",
                               tn_http_method_name(routes[i].method), routes[i].pattern);
            }
        }
    }
    return TN_OK;
}

/* --- the tree ----------------------------------------------------------------------------------
 */

static uint16_t node_add(struct tn_http_router *router, struct tn_bytes literal)
{
    TN_CHECK(router->count < router->capacity);
    router->nodes[router->count] = (struct node){
        .literal = literal, .child = NO_NODE, .sibling = NO_NODE, .parameter = NO_NODE};
    return (uint16_t) router->count++;
}

static uint16_t node_step(struct tn_http_router *router, uint16_t at, const struct segment *segment)
{
    struct node *node = &router->nodes[at];
    if (segment->kind == SEGMENT_PARAMETER) {
        if (node->parameter == NO_NODE) {
            node->parameter = node_add(router, tn_bytes(NULL, 0));
        }
        return node->parameter;
    }
    for (uint16_t child = node->child; child != NO_NODE; child = router->nodes[child].sibling) {
        if (tn_bytes_equal(router->nodes[child].literal, segment->text)) {
            return child;
        }
    }
    uint16_t child = node_add(router, segment->text);
    router->nodes[child].sibling = node->child;
    node->child = child;
    return child;
}

static void route_add(struct tn_http_router *router, const struct tn_http_route *route)
{
    struct segment segments[TN_HTTP_SEGMENTS_MAX];
    size_t count = 0;
    TN_CHECK(pattern_parse(route->pattern, segments, &count));
    uint16_t at = 0;
    for (size_t i = 0; i < count; i++) {
        if (segments[i].kind == SEGMENT_REST) {
            router->nodes[at].rest[route->method] = route;
            return;
        }
        at = node_step(router, at, &segments[i]);
    }
    router->nodes[at].routes[route->method] = route;
}

enum tn_status tn_http_router_create(struct tn_http_router **router,
                                     const struct tn_http_route *routes, size_t count,
                                     struct tn_error *error)
{
    *router = NULL;
    enum tn_status status = tn_http_routes_check(routes, count, error);
    if (status != TN_OK) {
        return status;
    }
    size_t capacity = 1;
    for (size_t i = 0; i < count; i++) {
        struct segment segments[TN_HTTP_SEGMENTS_MAX];
        size_t found = 0;
        TN_CHECK(pattern_parse(routes[i].pattern, segments, &found));
        capacity += found;
    }
    _Static_assert(TN_HTTP_ROUTES_MAX * TN_HTTP_SEGMENTS_MAX < NO_NODE, "nodes fit their index");
    struct tn_http_router *made = calloc(1, sizeof(*made));
    struct node *nodes = calloc(capacity, sizeof(*nodes));
    if (made == NULL || nodes == NULL) {
        free(made);
        free(nodes);
        return tn_fail(error, TN_MEMORY, "no memory for %zu routes", count);
    }
    *made = (struct tn_http_router){.nodes = nodes, .capacity = capacity};
    (void) node_add(made, tn_bytes(NULL, 0));
    for (size_t i = 0; i < count; i++) {
        route_add(made, &routes[i]);
    }
    *router = made;
    return TN_OK;
}

void tn_http_router_destroy(struct tn_http_router *router)
{
    if (router != NULL) {
        free(router->nodes);
        free(router);
    }
}

/* --- matching ----------------------------------------------------------------------------------
 */

struct search {
    const struct tn_http_router *router;
    enum tn_http_method method;
    struct tn_http_match *match;
};

/* A GET route answers HEAD where no other does. */
static bool routes_pick(struct search *search, const struct tn_http_route *const *routes)
{
    for (unsigned method = TN_HTTP_GET; method < TN_HTTP_METHOD_COUNT; method++) {
        if (routes[method] != NULL) {
            search->match->allowed |= 1u << method;
        }
    }
    const struct tn_http_route *found = routes[search->method];
    if (found == NULL && search->method == TN_HTTP_HEAD) {
        found = routes[TN_HTTP_GET];
    }
    search->match->route = found;
    return found != NULL;
}

/* `left` begins behind the slash before the next segment; data is NULL at the end of the path.
 * Recursion is bounded by the depth of the tree. */
static bool search_node(struct search *search, uint16_t at, struct tn_bytes left,
                        unsigned parameters)
{
    const struct node *node = &search->router->nodes[at];
    if (left.data == NULL) {
        return routes_pick(search, node->routes);
    }
    const uint8_t *slash = memchr(left.data, '/', left.size);
    size_t size = slash == NULL ? left.size : (size_t) (slash - left.data);
    struct tn_bytes segment = tn_bytes(left.data, size);
    struct tn_bytes next = slash == NULL ? tn_bytes(NULL, 0)
                                         : tn_bytes(slash + 1, left.size - size - 1);
    for (uint16_t child = node->child; child != NO_NODE;
         child = search->router->nodes[child].sibling) {
        if (tn_bytes_equal(search->router->nodes[child].literal, segment)) {
            if (search_node(search, child, next, parameters)) {
                return true;
            }
            break;
        }
    }
    if (node->parameter != NO_NODE && size != 0) {
        search->match->parameters[parameters] = segment;
        if (search_node(search, node->parameter, next, parameters + 1)) {
            return true;
        }
    }
    bool has_rest = false;
    for (unsigned method = TN_HTTP_GET; method < TN_HTTP_METHOD_COUNT; method++) {
        has_rest = has_rest || node->rest[method] != NULL;
    }
    if (!has_rest || left.size == 0) {
        return false;
    }
    search->match->parameters[parameters] = left;
    return routes_pick(search, node->rest);
}

void tn_http_router_match(const struct tn_http_router *router, enum tn_http_method method,
                          struct tn_bytes path, struct tn_http_match *match)
{
    memset(match, 0, sizeof(*match));
    if (path.size == 0 || path.data[0] != '/') {
        return;
    }
    struct search search = {.router = router, .method = method, .match = match};
    struct tn_bytes left = path.size == 1 ? tn_bytes(NULL, 0)
                                          : tn_bytes(path.data + 1, path.size - 1);
    (void) search_node(&search, 0, left, 0);
    if (match->route == NULL) {
        memset(match->parameters, 0, sizeof(match->parameters));
    }
    if ((match->allowed & (1u << TN_HTTP_GET)) != 0) {
        match->allowed |= 1u << TN_HTTP_HEAD;
    }
    if (match->allowed != 0) {
        match->allowed |= 1u << TN_HTTP_OPTIONS;
    }
}

size_t tn_http_route_body_max(const struct tn_http_route *route)
{
    if (route->body_max != 0) {
        return route->body_max;
    }
    return route->method == TN_HTTP_POST || route->method == TN_HTTP_PUT ? TN_HTTP_BODY_MAX : 0;
}

void tn_http_allow_format(unsigned allowed, char out[static TN_HTTP_ALLOW_SIZE])
{
    size_t at = 0;
    for (unsigned method = TN_HTTP_GET; method < TN_HTTP_METHOD_COUNT; method++) {
        if ((allowed & (1u << method)) == 0) {
            continue;
        }
        const char *name = tn_http_method_name((enum tn_http_method) method);
        size_t size = strlen(name);
        TN_CHECK(at + size + 3 <= TN_HTTP_ALLOW_SIZE);
        if (at != 0) {
            memcpy(out + at, ", ", 2);
            at += 2;
        }
        memcpy(out + at, name, size);
        at += size;
    }
    out[at] = '\0';
}

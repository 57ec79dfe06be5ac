/* Adding signatures to a note that has some. */
#include <string.h>

#include "ledger/log/lines.h"
#include "ledger/log/note.h"

/* Whose line it is. */
struct signer {
    struct tn_bytes name;
    uint8_t id[TN_KEY_ID_SIZE];
};

static bool signer_of(struct tn_bytes line, struct signer *signer)
{
    uint8_t payload[TN_NOTE_LINE_BYTES_MAX];
    size_t size = sizeof(payload);
    struct tn_bytes rest = line;
    const uint8_t *space;

    if (!tn_prefix_take(&rest, "\xe2\x80\x94 ") || rest.size == 0) {
        return false;
    }
    space = memchr(rest.data, ' ', rest.size);
    if (space == NULL) {
        return false;
    }
    signer->name = tn_bytes(rest.data, (size_t) (space - rest.data));
    rest = tn_bytes(space + 1, rest.size - signer->name.size - 1);
    if (tn_base64_decode(rest, payload, &size) != TN_OK || size < TN_KEY_ID_SIZE) {
        return false;
    }
    memcpy(signer->id, payload, TN_KEY_ID_SIZE);
    return true;
}

/* The line of `lines` by the signer of `line`, or false. */
static bool find_line(struct tn_bytes lines, struct tn_bytes line, struct tn_bytes *found)
{
    struct signer wanted;
    struct signer signer;

    if (!signer_of(line, &wanted)) {
        return false;
    }
    while (tn_line_take(&lines, found)) {
        if (signer_of(*found, &signer) && tn_bytes_equal(signer.name, wanted.name) &&
            memcmp(signer.id, wanted.id, sizeof(wanted.id)) == 0) {
            return true;
        }
    }
    return false;
}

static void line_put(struct tn_buffer *out, struct tn_bytes line)
{
    tn_buffer_append_bytes(out, line);
    tn_buffer_append_u8(out, '\n');
}

enum tn_status tn_note_merge(struct tn_bytes note, struct tn_bytes lines, struct tn_buffer *out,
                             struct tn_error *error)
{
    struct tn_note parsed;
    struct tn_note again;
    struct tn_bytes rest;
    struct tn_bytes line;
    struct tn_bytes found;
    enum tn_status status = tn_note_parse(note, &parsed, error);

    tn_buffer_reset(out);
    if (status != TN_OK) {
        return status;
    }
    tn_note_begin(out, parsed.text);
    for (rest = parsed.signatures; tn_line_take(&rest, &line);) {
        line_put(out, find_line(lines, line, &found) ? found : line);
    }
    for (rest = lines; tn_line_take(&rest, &line);) {
        if (!find_line(parsed.signatures, line, &found)) {
            line_put(out, line);
        }
    }
    status = tn_buffer_status(out);
    if (status == TN_OK) {
        status = tn_note_parse(tn_buffer_view(out), &again, error);
    }
    if (status != TN_OK) {
        tn_buffer_reset(out);
    }
    return status;
}

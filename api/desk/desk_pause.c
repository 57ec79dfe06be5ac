/* Clocks, heartbeats, pauses: a machine that was down or asleep, or whose clock jumped, must not lapse
 * people's offers by itself. */
#include <inttypes.h>
#include <string.h>

#include "api/desk/desk_internal.h"
#include "ledger/base/clock.h"
#include "ledger/base/endian.h"
#include "ledger/base/logline.h"

#define PAUSE_AFTER_US (10ull * 60 * 1000000)
#define DRIFT_MAX_US 2000000u
#define HEARTBEAT_US 60000000ull

static const char heartbeat_key[] = "heartbeat";

void tn_desk_put_heartbeat(struct tn_desk *desk, struct tn_batch *batch)
{
    uint8_t value[8];

    if (desk->options.clock != TN_CLOCK_LIVE) {
        return;
    }
    desk->heartbeat_us = tn_clock_wall_us();
    tn_put_be64(value, desk->heartbeat_us);
    tn_batch_put(batch, desk->meta, tn_bytes(heartbeat_key, sizeof(heartbeat_key) - 1),
                 tn_bytes(value, sizeof(value)));
}

uint64_t tn_desk_now(struct tn_desk *desk)
{
    uint64_t now_us = (uint64_t) ((int64_t) tn_clock_wall_us() + desk->offset_us);

    return now_us > desk->last_stamp_us ? now_us : desk->last_stamp_us;
}

void tn_desk_pause(struct tn_desk *desk, const char *why)
{
    if (desk->options.clock != TN_CLOCK_LIVE || desk->state.paused) {
        return;
    }
    pthread_mutex_lock(&desk->lock);
    desk->state.paused = true;
    desk->state.last_heartbeat_us = desk->heartbeat_us;
    pthread_mutex_unlock(&desk->lock);
    tn_logline(TN_LOG_WARN,
               "%s; what fell due waits, and commands but validations are answered `paused`, until "
               "`turno resume DIR [--extend]`",
               why);
}

void tn_desk_resumed(struct tn_desk *desk, uint64_t now_us)
{
    (void) now_us;
    pthread_mutex_lock(&desk->lock);
    desk->state.paused = false;
    pthread_mutex_unlock(&desk->lock);
    desk->due_stale = true;
    desk->opening_stale = true;
    desk->tick_wall_us = tn_clock_wall_us();
    desk->tick_boot_us = tn_clock_boot_us();
}

/* The last durable heartbeat, 0 when there is none. */
static enum tn_status read_heartbeat(struct tn_desk *desk, uint64_t *time_us,
                                     struct tn_error *error)
{
    struct tn_buffer value;
    bool found;
    enum tn_status status;

    *time_us = 0;
    tn_buffer_init(&value, 64);
    status = tn_store_get(desk->options.store, desk->meta, NULL,
                          tn_bytes(heartbeat_key, sizeof(heartbeat_key) - 1), &value, &found,
                          error);
    if (status == TN_OK && found && value.size == 8) {
        *time_us = tn_get_be64(value.data);
    }
    tn_buffer_close(&value);
    return status;
}

enum tn_status tn_desk_pause_open(struct tn_desk *desk, struct tn_error *error)
{
    uint64_t limit = desk->options.pause_after_us > 0 ? desk->options.pause_after_us
                                                      : PAUSE_AFTER_US;
    uint64_t last_us;
    uint64_t now_us = tn_clock_wall_us();
    uint64_t next_us = UINT64_MAX;
    enum tn_status status;

    desk->tick_wall_us = now_us;
    desk->tick_boot_us = tn_clock_boot_us();
    if (desk->options.clock != TN_CLOCK_LIVE) {
        return TN_OK;
    }
    status = read_heartbeat(desk, &last_us, error);
    desk->heartbeat_us = last_us > 0 ? last_us : now_us;
    if (status == TN_OK) {
        status = tn_desk_next_due(desk, now_us, &next_us);
    }
    if (status == TN_OK && last_us > 0 && (last_us + limit < now_us || now_us < last_us)
        && next_us <= now_us && desk->due.kind != TN_DUE_NOTHING) {
        tn_desk_pause(desk, "the ledger was not served for a while and something fell due");
    }
    return status;
}

static void beat(struct tn_desk *desk)
{
    struct tn_error error = {0};
    struct tn_batch *batch = tn_batch_create();

    if (!batch) {
        return;
    }
    tn_desk_put_heartbeat(desk, batch);
    if (tn_batch_count(batch) > 0
        && tn_store_write(desk->options.store, batch, TN_SYNCED, &error) != TN_OK) {
        tn_logline(TN_LOG_WARN, "no heartbeat could be written: %s", error.text);
    }
    tn_batch_destroy(batch);
}

void tn_desk_tick(struct tn_desk *desk)
{
    uint64_t wall_us = tn_clock_wall_us();
    uint64_t boot_us = tn_clock_boot_us();
    int64_t drift_us = (int64_t) (wall_us - desk->tick_wall_us)
                       - (int64_t) (boot_us - desk->tick_boot_us);
    bool asleep = boot_us - desk->tick_boot_us > PAUSE_AFTER_US;

    if (desk->options.clock != TN_CLOCK_LIVE) {
        return;
    }
    if (drift_us > (int64_t) DRIFT_MAX_US || drift_us < -(int64_t) DRIFT_MAX_US) {
        tn_desk_pause(desk, "the clock was moved");
    } else if (asleep) {
        tn_desk_pause(desk, "the machine was asleep");
    }
    desk->tick_wall_us = wall_us;
    desk->tick_boot_us = boot_us;
    if (!desk->state.paused && wall_us > desk->heartbeat_us + HEARTBEAT_US) {
        beat(desk);
    }
}

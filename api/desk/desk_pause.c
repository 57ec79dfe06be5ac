/* Clocks, heartbeats, pauses: a machine that was down or asleep, or whose clock jumped, must not
 * lapse people's offers by itself. */
#include <inttypes.h>
#include <string.h>

#include "api/desk/desk_internal.h"
#include "ledger/base/clock.h"
#include "ledger/base/endian.h"
#include "ledger/base/logline.h"

#define PAUSE_AFTER_US (10ull * 60 * 1000000)
#define DRIFT_MAX_US 2000000u
#define HEARTBEAT_US 60000000ull

/* Rows of the family meta, each u64 big-endian microseconds: the last moment at which the desk is
 * known to have served; and, while paused, what the pause counts from, so that a restart does not
 * end it. */
static const char heartbeat_key[] = "heartbeat";
static const char paused_key[] = "paused";

#define KEY(text) tn_bytes((text), sizeof(text) - 1)

void tn_desk_put_heartbeat(struct tn_desk *desk, struct tn_batch *batch)
{
    uint8_t value[8];

    /* Validations go on while paused; they are no sign that deadlines are kept. */
    if (desk->options.clock != TN_CLOCK_LIVE || desk->state.paused) {
        return;
    }
    /* As the last tick read it: a clock that was moved since has not been noticed yet. */
    desk->heartbeat_us = desk->tick_wall_us;
    tn_put_be64(value, desk->heartbeat_us);
    tn_batch_put(batch, desk->meta, KEY(heartbeat_key), tn_bytes(value, sizeof(value)));
}

uint64_t tn_desk_now(struct tn_desk *desk)
{
    uint64_t now_us;

    if (desk->options.clock == TN_CLOCK_MANUAL) {
        return desk->last_stamp_us;
    }
    now_us = (uint64_t) ((int64_t) tn_clock_wall_us() + desk->offset_us);
    return now_us > desk->last_stamp_us ? now_us : desk->last_stamp_us;
}

/* Behind all that was decided: a resume that is not committed yet deletes the row of the pause that
 * it ends, and would take this one's. */
static void remember_pause(struct tn_desk *desk)
{
    struct tn_error error = {0};
    struct tn_batch *batch = tn_batch_create();
    uint8_t value[8];

    if (!batch) {
        return;
    }
    tn_desk_settle(desk);
    tn_put_be64(value, desk->heartbeat_us);
    tn_batch_put(batch, desk->meta, KEY(paused_key), tn_bytes(value, sizeof(value)));
    if (tn_store_write(desk->options.store, batch, TN_SYNCED, &error) != TN_OK) {
        tn_logline(TN_LOG_WARN, "a restart will not know of the pause: %s", error.text);
    }
    tn_batch_destroy(batch);
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
    remember_pause(desk);
}

void tn_desk_date_resume(const struct tn_desk *desk, struct tn_command *command)
{
    struct tn_facts_resume *facts = &command->facts.resume_deadlines_facts;

    if (!desk->state.paused || facts->last_heartbeat_us != desk->state.last_heartbeat_us) {
        facts->last_heartbeat_us = command->time_us;
    } else if (facts->last_heartbeat_us >= command->time_us) {
        facts->last_heartbeat_us = command->time_us - 1;
    }
}

void tn_desk_resumed(struct tn_desk *desk)
{
    /* With the event that ends it, or not at all. */
    tn_batch_delete(desk->gathering->writes, desk->meta, KEY(paused_key));
    pthread_mutex_lock(&desk->lock);
    desk->state.paused = false;
    pthread_mutex_unlock(&desk->lock);
    tn_desk_forget_due(desk);
    desk->tick_wall_us = tn_clock_wall_us();
    desk->tick_boot_us = tn_clock_boot_us();
    /* Its row goes with the batch; a pause that begins before that counts from here all the same,
     * for what came before was made good. */
    desk->heartbeat_us = desk->tick_wall_us;
}

/* One of the rows above; 0 when it is not there. */
static enum tn_status read_time(struct tn_desk *desk, struct tn_bytes key, uint64_t *time_us,
                                struct tn_error *error)
{
    struct tn_buffer value;
    bool found;
    enum tn_status status;

    *time_us = 0;
    tn_buffer_init(&value, 64);
    status = tn_store_get(desk->options.store, desk->meta, NULL, key, &value, &found, error);
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
    uint64_t last_us = 0;
    uint64_t paused_us = 0;
    uint64_t now_us = tn_clock_wall_us();
    uint64_t next_us = UINT64_MAX;
    enum tn_status status;

    desk->tick_wall_us = now_us;
    desk->tick_boot_us = tn_clock_boot_us();
    if (desk->options.clock != TN_CLOCK_LIVE) {
        return TN_OK;
    }
    if (desk->last_event_us > now_us + DRIFT_MAX_US) {
        tn_logline(TN_LOG_WARN,
                   "the last event is %" PRIu64 " s ahead of this machine's clock; new ones are "
                   "stamped with its time until the clock has caught up",
                   (desk->last_event_us - now_us) / 1000000);
    }
    status = read_time(desk, KEY(heartbeat_key), &last_us, error);
    if (status == TN_OK) {
        status = read_time(desk, KEY(paused_key), &paused_us, error);
    }
    if (status == TN_OK) {
        status = tn_desk_next_due(desk, now_us, false, &next_us);
    }
    desk->heartbeat_us = last_us > 0 ? last_us : now_us;
    if (status == TN_OK && paused_us > 0) {
        desk->heartbeat_us = paused_us;
        tn_desk_pause(desk, "the ledger was paused when it was stopped");
    } else if (status == TN_OK && last_us > 0 && desk->due.kind != TN_DUE_NOTHING &&
               (last_us + limit < now_us || now_us + DRIFT_MAX_US < last_us)) {
        /* Also what has not fallen due yet: its people had less time than they were told. */
        tn_desk_pause(desk, "the ledger was not served for a while and deadlines are open");
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
    if (tn_batch_count(batch) > 0 &&
        tn_store_write(desk->options.store, batch, TN_SYNCED, &error) != TN_OK) {
        tn_logline(TN_LOG_WARN, "no heartbeat could be written: %s", error.text);
    }
    tn_batch_destroy(batch);
}

void tn_desk_tick(struct tn_desk *desk)
{
    uint64_t wall_us = tn_clock_wall_us();
    uint64_t boot_us = tn_clock_boot_us();
    int64_t drift_us = (int64_t) (wall_us - desk->tick_wall_us) -
                       (int64_t) (boot_us - desk->tick_boot_us);
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

/* What the files of the queue's fold know of each other. */
#ifndef TN_PROJECTIONS_QUEUE_INTERNAL_H
#define TN_PROJECTIONS_QUEUE_INTERNAL_H

#include "ledger/rules/rows.h"
#include "projections/projection.h"

/* One event being applied: the single row, where the event's kind needs it, and what every function
 * passes on. */
struct tn_queue_fold {
    struct tn_rows *rows;
    struct tn_arena *arena;
    struct tn_error *error;
    struct tn_queue_row queue;
};

enum tn_status tn_queue_corrupt(struct tn_queue_fold *fold, const char *what);
TN_MUST_USE enum tn_status tn_queue_write(struct tn_queue_fold *fold);
TN_MUST_USE enum tn_status tn_queue_read_day(struct tn_queue_fold *fold, uint64_t day,
                                             struct tn_day_row *row);
TN_MUST_USE enum tn_status tn_queue_write_day(struct tn_queue_fold *fold, uint64_t day,
                                              const struct tn_day_row *row);

/* queue_pool.c: requests, and what changes of a group do to them. */
TN_MUST_USE enum tn_status tn_queue_apply_request(struct tn_queue_fold *fold,
                                                  const struct tn_event *event);
/* A group's requests of every open day but one (0: of all): those in one state get another. */
TN_MUST_USE enum tn_status tn_queue_turn_requests(struct tn_queue_fold *fold,
                                                  const uint8_t *registration,
                                                  enum tn_pool_state from, enum tn_pool_state state,
                                                  uint64_t but_day);

/* These leave the pool: with hard packing they fit no slot of their port any more. */
TN_MUST_USE enum tn_status tn_queue_leave_out(struct tn_queue_fold *fold, uint64_t day,
                                              const struct tn_ids *gids);

/* queue_carry.c: requests of a voided day go, each under its new gid, to the first day that is
 * open, or to day 0 until one opens; those of day 0 when one does. Who asked anew keeps that. */
TN_MUST_USE enum tn_status tn_queue_carry_day(struct tn_queue_fold *fold, uint64_t day);
/* Whom hard packing held asks the next day for that port alone. */
TN_MUST_USE enum tn_status tn_queue_carry_held(struct tn_queue_fold *fold,
                                               const struct tn_draw_completed *body);

/* queue_offers.c: offers, their tallies and their deadlines. Other events are handed on to the
 * pool. */
TN_MUST_USE enum tn_status tn_queue_apply_offer(struct tn_queue_fold *fold,
                                                const struct tn_event *event);
TN_MUST_USE enum tn_status tn_queue_extend(struct tn_queue_fold *fold,
                                           const struct tn_window_extended *body);

#endif

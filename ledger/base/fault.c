/* Fault points. */
#include "ledger/base/fault.h"

#include <stdatomic.h>
#include <string.h>

/* Atomic because points are reached on the writer and on pool threads alike. */
static atomic_bool fault_armed;
static atomic_bool fault_reached;
static atomic_llong fault_left;
static const char *_Atomic fault_name; /* NULL: any */
static const char *_Atomic fault_failed;

void tn_fault_arm(unsigned nth)
{
    tn_fault_arm_named(NULL, nth);
}

void tn_fault_arm_named(const char *name, unsigned nth)
{
    atomic_store(&fault_reached, false);
    atomic_store(&fault_failed, NULL);
    atomic_store(&fault_name, name);
    atomic_store(&fault_left, (long long) nth);
    atomic_store(&fault_armed, true);
}

bool tn_fault_disarm(void)
{
    atomic_store(&fault_armed, false);
    return atomic_exchange(&fault_reached, false);
}

const char *tn_fault_failed(void)
{
    return atomic_load(&fault_failed);
}

bool tn_fault(const char *name)
{
    const char *armed;

    if (!atomic_load_explicit(&fault_armed, memory_order_relaxed)) {
        return false;
    }
    armed = atomic_load(&fault_name);
    if (armed != NULL && strcmp(armed, name) != 0) {
        return false;
    }
    /* Counting goes on below zero, so only one call sees zero. */
    if (atomic_fetch_sub(&fault_left, 1) != 0) {
        return false;
    }
    atomic_store(&fault_failed, name);
    atomic_store(&fault_reached, true);
    return true;
}

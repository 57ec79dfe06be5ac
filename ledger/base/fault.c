/* Fault points. */
#include "ledger/base/fault.h"

#include <stdatomic.h>

/* Atomic because points are reached on the writer and on pool threads alike. */
static atomic_bool fault_armed;
static atomic_bool fault_reached;
static atomic_llong fault_left;

void tn_fault_arm(unsigned nth)
{
    atomic_store(&fault_reached, false);
    atomic_store(&fault_left, (long long) nth);
    atomic_store(&fault_armed, true);
}

bool tn_fault_disarm(void)
{
    atomic_store(&fault_armed, false);
    return atomic_exchange(&fault_reached, false);
}

bool tn_fault(const char *name)
{
    (void) name;
    if (!atomic_load_explicit(&fault_armed, memory_order_relaxed)) {
        return false;
    }
    /* Counting goes on below zero, so only one call sees zero. */
    if (atomic_fetch_sub(&fault_left, 1) != 0) {
        return false;
    }
    atomic_store(&fault_reached, true);
    return true;
}

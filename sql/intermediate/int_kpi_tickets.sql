-- DECISIONS.md#merged: merged tickets are not touched.
with counts as (
    select
        count(*) as n_tickets,
        count(*) filter (where is_solved) as n_solved,
        count(*) filter (where not is_solved) as n_open,
        count(*) filter (where is_merged) as n_merged,
        count(*) filter (where is_one_touch and not is_merged) as n_one_touch,
        count(*) filter (
            where is_solved and is_one_touch is not null and not is_merged
        ) as n_touches_known,
        count(*) filter (where n_solves > 0) as n_ever_solved,
        count(*) filter (where is_reopened) as n_reopened,
        count(*) filter (where is_escalated) as n_escalated,
        count(is_escalated) as n_escalations_known
    from ticket_metrics
    where not is_deleted
)

select
    unnest([
        101, 102, 103, 104, 105, 106, 107
    ]) as position,
    unnest([
        'tickets', 'tickets', 'tickets', 'tickets', 'tickets', 'tickets',
        'tickets'
    ]) as section,
    unnest([
        'tickets', 'solved', 'open now', 'merged', 'one-touch', 'reopened',
        'escalated'
    ]) as kpi,
    cast(null as varchar) as subject,
    unnest([
        cast(n_tickets as double), cast(n_solved as double),
        cast(n_open as double), cast(n_merged as double),
        cast(100.0 * n_one_touch / nullif(n_touches_known, 0) as double),
        cast(100.0 * n_reopened / nullif(n_ever_solved, 0) as double),
        cast(
            100.0 * n_escalated / nullif(n_escalations_known, 0) as double
        )
    ]) as value,
    unnest([
        'tickets', 'tickets', 'tickets', 'tickets', 'percent', 'percent',
        'percent'
    ]) as unit
from counts

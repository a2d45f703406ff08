-- DECISIONS.md#resolution: a close without a solve resolves, too.
with counted as (
    select
        ticket_id,
        min(occurred_at) filter (where is_solve) as first_solved_at,
        max(occurred_at) filter (where is_solve) as last_solved_at,
        min(occurred_at) filter (where to_status = 'closed') as first_closed_at,
        max(occurred_at) filter (
            where to_status in ('pending', 'solved', 'closed')
        ) as last_turn_at,
        max(occurred_at) as status_changed_at,
        max(to_status) filter (where next_at is null) as last_status,
        count(*) filter (where is_solve) as n_solves,
        count(*) filter (where is_reopen) as n_reopens,
        count(*) filter (where to_status = 'deleted') as n_deletions,
        count(*) filter (where from_status = 'deleted') as n_recoveries,
        bool_or(is_after_gap) as has_gap
    from int_status_changes
    group by ticket_id
)

select
    int_tickets.ticket_id,
    case
        when int_tickets.is_deleted then 'deleted'
        else coalesce(counted.last_status, int_tickets.status)
    end as status,
    coalesce(counted.n_solves, 0) as n_solves,
    coalesce(counted.n_reopens, 0) as n_reopens,
    coalesce(counted.n_deletions, 0) as n_deletions,
    coalesce(counted.n_recoveries, 0) as n_recoveries,
    coalesce(counted.has_gap, true) as has_history_gap,
    counted.first_solved_at,
    counted.last_solved_at,
    coalesce(counted.first_solved_at, counted.first_closed_at)
        as first_resolved_at,
    coalesce(counted.last_solved_at, counted.first_closed_at)
        as last_resolved_at,
    counted.first_closed_at as closed_at,
    counted.last_turn_at,
    counted.status_changed_at
from int_tickets
left join counted on int_tickets.ticket_id = counted.ticket_id

-- What must hold of the marts, and how many rows are against it.
with checks as (
    select
        'Every ticket has its row of metrics' as rule,
        count(*) filter (where ticket_metrics.ticket_id is null) as n_against,
        count(*) as n_rows
    from tickets
    left join ticket_metrics on tickets.ticket_id = ticket_metrics.ticket_id

    union all

    select
        'A ticket is resolved after it was created' as rule,
        count(*) filter (where last_resolved_at < created_at) as n_against,
        count(*) as n_rows
    from ticket_metrics

    union all

    select
        'The first solve is not after the last' as rule,
        count(*) filter (
            where first_resolution_minutes_calendar > full_resolution_minutes_calendar
        ) as n_against,
        count(*) as n_rows
    from ticket_metrics

    union all

    select
        'Business time is not longer than calendar time' as rule,
        count(*) filter (
            where full_resolution_minutes_business > full_resolution_minutes_calendar + 1
        ) as n_against,
        count(*) as n_rows
    from ticket_metrics

    union all

    select
        'A solved ticket has no open span of the backlog' as rule,
        count(*) filter (where ticket_metrics.is_solved) as n_against,
        count(*) as n_rows
    from backlog
    inner join ticket_metrics on backlog.ticket_id = ticket_metrics.ticket_id
    where backlog.valid_to is null

    union all

    select
        'A breached target knows when it was breached' as rule,
        count(*) filter (
            where outcome_by_event = 'breached' and breached_at is null
        ) as n_against,
        count(*) as n_rows
    from sla_targets

    union all

    select
        'Spans of an assignee end after they begin' as rule,
        count(*) filter (where valid_to < valid_from) as n_against,
        count(*) as n_rows
    from assignment_spans
)

select
    rule,
    case n_against when 0 then 'holds' else 'broken' end as outcome,
    n_against,
    n_rows
from checks
order by n_against desc, rule

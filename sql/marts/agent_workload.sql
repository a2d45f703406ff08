with changes as (
    select
        assignee_key as agent_key, cast(valid_from as date) as work_date,
        1 as n_assigned, 0 as n_solved, 0 as n_reopened, 0 as n_replies,
        0 as n_internal_comments, 0 as net
    from assignment_spans

    union all

    select
        assignee_key as agent_key, cast(occurred_at as date) as work_date,
        0 as n_assigned,
        case when is_solve then 1 else 0 end as n_solved,
        case when is_reopen then 1 else 0 end as n_reopened,
        0 as n_replies, 0 as n_internal_comments, 0 as net
    from status_transitions
    where (is_solve or is_reopen) and assignee_key is not null

    union all

    select
        agent_key, activity_date as work_date,
        0 as n_assigned, 0 as n_solved, 0 as n_reopened, n_replies,
        n_internal_comments, 0 as net
    from agent_activity

    union all

    select
        assignee_key as agent_key, cast(valid_from as date) as work_date,
        0 as n_assigned, 0 as n_solved, 0 as n_reopened, 0 as n_replies,
        0 as n_internal_comments, 1 as net
    from backlog
    where assignee_key is not null

    union all

    select
        assignee_key as agent_key, cast(valid_to as date) as work_date,
        0 as n_assigned, 0 as n_solved, 0 as n_reopened, 0 as n_replies,
        0 as n_internal_comments, -1 as net
    from backlog
    where assignee_key is not null and valid_to is not null
),

days as (
    select
        agent_key, work_date,
        sum(n_assigned) as n_assigned,
        sum(n_solved) as n_solved,
        sum(n_reopened) as n_reopened,
        sum(n_replies) as n_replies,
        sum(n_internal_comments) as n_internal_comments,
        sum(net) as net
    from changes
    group by agent_key, work_date
)

select
    agent_key, work_date, n_assigned, n_solved, n_reopened, n_replies,
    n_internal_comments,
    sum(net) over (partition by agent_key order by work_date) as n_open
from days

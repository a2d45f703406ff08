-- What was done on each day on which an agent did, got or lost something, from
-- `$since` on.
with done as (
    select
        assignee_key as agent_key, cast(valid_from as date) as work_date,
        1 as n_assigned, 0 as n_solved, 0 as n_reopened, 0 as n_replies,
        0 as n_internal_comments, 0 as n_changes
    from assignment_spans
    where valid_from >= $since

    union all

    select
        assignee_key as agent_key, cast(occurred_at as date) as work_date,
        0 as n_assigned,
        case when is_solve then 1 else 0 end as n_solved,
        case when is_reopen then 1 else 0 end as n_reopened,
        0 as n_replies, 0 as n_internal_comments, 0 as n_changes
    from status_transitions
    where (is_solve or is_reopen) and occurred_at >= $since

    union all

    select
        agent_key, activity_date as work_date,
        0 as n_assigned, 0 as n_solved, 0 as n_reopened, n_replies,
        n_internal_comments, 0 as n_changes
    from agent_activity
    where activity_date >= cast($since as date)

    union all

    select
        agent_key, cast(changed_at as date) as work_date,
        0 as n_assigned, 0 as n_solved, 0 as n_reopened, 0 as n_replies,
        0 as n_internal_comments, 1 as n_changes
    from int_load_changes
    where is_change
)

select
    agent_key,
    work_date,
    sum(n_assigned) as n_assigned,
    sum(n_solved) as n_solved,
    sum(n_reopened) as n_reopened,
    sum(n_replies) as n_replies,
    sum(n_internal_comments) as n_internal_comments
from done
group by agent_key, work_date
having
    sum(
        n_assigned + n_solved + n_reopened + n_replies + n_internal_comments
        + n_changes
    ) > 0

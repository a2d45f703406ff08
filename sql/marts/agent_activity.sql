with done as (
    select
        ticket_id, event_id, agent_key, created_month, occurred_at,
        0 as n_replies, 0 as n_internal_comments, 0 as n_opened, n_solves,
        n_reopens, n_status_changes, n_priority_changes, n_assignee_changes,
        n_group_changes, n_other_changes
    from int_agent_updates

    union all

    select
        ticket_id, event_id, author_key as agent_key, created_month,
        occurred_at,
        case when is_public and not is_opening then 1 else 0 end as n_replies,
        case when is_public then 0 else 1 end as n_internal_comments,
        case when is_opening then 1 else 0 end as n_opened,
        0 as n_solves, 0 as n_reopens, 0 as n_status_changes,
        0 as n_priority_changes, 0 as n_assignee_changes,
        0 as n_group_changes, 0 as n_other_changes
    from int_comments
    where author_role = 'agent'
),

updates as (
    select
        ticket_id, event_id, agent_key, created_month,
        cast(min(occurred_at) as date) as activity_date,
        sum(n_replies) as n_replies,
        sum(n_internal_comments) as n_internal_comments,
        sum(n_opened) as n_opened,
        sum(n_solves) as n_solves,
        sum(n_reopens) as n_reopens,
        sum(n_status_changes) as n_status_changes,
        sum(n_priority_changes) as n_priority_changes,
        sum(n_assignee_changes) as n_assignee_changes,
        sum(n_group_changes) as n_group_changes,
        sum(n_other_changes) as n_other_changes
    from done
    group by ticket_id, event_id, agent_key, created_month
)

select
    ticket_id, agent_key, activity_date, created_month,
    count(*) as n_updates,
    sum(n_replies) as n_replies,
    sum(n_internal_comments) as n_internal_comments,
    sum(n_opened) as n_opened,
    sum(n_solves) as n_solves,
    sum(n_reopens) as n_reopens,
    sum(n_status_changes) as n_status_changes,
    sum(n_priority_changes) as n_priority_changes,
    sum(n_assignee_changes) as n_assignee_changes,
    sum(n_group_changes) as n_group_changes,
    sum(n_other_changes) as n_other_changes
from updates
group by ticket_id, agent_key, activity_date, created_month

-- DECISIONS.md#roles, DECISIONS.md#solves-and-reopens: fields agents set or
-- changed; what a rule did within an agent's update is not the agent's.
with changes as (
    select
        ticket_id,
        event_id,
        updater_key,
        kind,
        field,
        occurred_at,
        field = 'status'
        and value = 'solved'
        and previous_value is distinct from 'solved' as is_solve,
        field = 'status'
        and previous_value = 'solved'
        and value not in ('solved', 'closed', 'deleted') as is_reopen
    from stg_zendesk__ticket_events
    where
        kind <> 'comment'
        and occurred_at <= $as_of
        and updater_key is not null
        and not is_system
        and via is distinct from 'rule'
)

select
    changes.ticket_id,
    changes.event_id,
    changes.updater_key as agent_key,
    tickets.created_month,
    min(changes.occurred_at) as occurred_at,
    count(*) filter (where changes.is_solve) as n_solves,
    count(*) filter (where changes.is_reopen) as n_reopens,
    count(*) filter (where changes.kind = 'change' and changes.field = 'status')
        as n_status_changes,
    count(*) filter (
        where changes.kind = 'change' and changes.field = 'priority'
    ) as n_priority_changes,
    count(*) filter (
        where changes.kind = 'change' and changes.field = 'assignee'
    ) as n_assignee_changes,
    count(*) filter (where changes.kind = 'change' and changes.field = 'group')
        as n_group_changes,
    count(*) filter (
        where
            changes.kind = 'change'
            and changes.field not in (
                'status', 'custom_status', 'priority', 'assignee', 'group'
            )
    ) as n_other_changes
from changes
inner join int_tickets as tickets on changes.ticket_id = tickets.ticket_id
inner join int_agent_role_spans as roles
    on
        changes.updater_key = roles.agent_key
        and changes.occurred_at
        >= coalesce(roles.valid_from, changes.occurred_at)
        and (roles.valid_to is null or changes.occurred_at < roles.valid_to)
where roles.is_agent
group by
    changes.ticket_id, changes.event_id, changes.updater_key,
    tickets.created_month

select
    changes.child_event_id, changes.ticket_id,
    changes.position as transition_number, tickets.created_month,
    states.group_id, states.assignee_key, changes.from_status,
    changes.to_status,
    case
        when changes.is_system or changes.via = 'rule' then 'system'
        when roles.is_agent then 'agent'
        else 'end_user'
    end as actor_role,
    changes.via,
    to_minutes(calendar_seconds(changes.occurred_at, changes.next_at))
        as status_minutes_calendar,
    to_minutes(
        business_seconds(
            changes.occurred_at, changes.next_at, ends.schedule
        )
    ) as status_minutes_business,
    changes.is_solve, changes.is_reopen, changes.is_after_gap,
    changes.occurred_at, changes.next_at as ended_at
from int_status_changes as changes
inner join int_tickets as tickets on changes.ticket_id = tickets.ticket_id
left join int_ticket_states as states
    on
        changes.ticket_id = states.ticket_id
        and changes.occurred_at >= states.valid_from
        and (states.valid_to is null or changes.occurred_at < states.valid_to)
left join int_ticket_states as ends
    on
        changes.ticket_id = ends.ticket_id
        and (changes.next_at > ends.valid_from or ends.is_first)
        and (ends.valid_to is null or changes.next_at <= ends.valid_to)
left join int_agent_role_spans as roles
    on
        changes.updater_key = roles.agent_key
        and changes.occurred_at
        >= coalesce(roles.valid_from, changes.occurred_at)
        and (roles.valid_to is null or changes.occurred_at < roles.valid_to)

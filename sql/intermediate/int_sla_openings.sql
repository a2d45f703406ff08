-- DECISIONS.md#sla-instant: a clock that ended in the second in which the
-- ticket was made had the ticket as it was made, before rules changed it.
select
    instances.ticket_id,
    instances.metric,
    instances.instance_id,
    bool_or(changes.field = 'priority') as has_other_priority,
    bool_or(changes.field = 'group') as has_other_group,
    bool_or(changes.field = 'assignee') as has_other_assignee,
    first_value(changes.previous_value order by changes.position)
        filter (where changes.field = 'priority') as priority,
    cast(
        first_value(changes.previous_value order by changes.position)
            filter (where changes.field = 'group')
        as bigint
    ) as group_id,
    first_value(changes.previous_value order by changes.position)
        filter (where changes.field = 'assignee') as assignee_key
from int_sla_instances as instances
inner join int_tickets as tickets
    on
        instances.ticket_id = tickets.ticket_id
        and instances.fulfilled_at = tickets.created_at
inner join int_field_changes as changes
    on
        tickets.ticket_id = changes.ticket_id
        and tickets.created_at = changes.occurred_at
where
    changes.kind = 'change'
    and changes.field in ('priority', 'group', 'assignee')
group by instances.ticket_id, instances.metric, instances.instance_id

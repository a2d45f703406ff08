-- DECISIONS.md#sla-elapsed: a clock's whole life counts under one schedule.
select
    holders.ticket_id,
    holders.metric,
    holders.instance_id,
    holders.schedule,
    holders.is_business_hours,
    holders.fulfilled_at,
    holders.target_seconds,
    spans.valid_from,
    spans.valid_to,
    calendar_seconds(spans.valid_from, coalesce(spans.valid_to, $as_of))
        as seconds_calendar,
    business_seconds(
        spans.valid_from, coalesce(spans.valid_to, $as_of), holders.schedule
    ) as seconds_business
from int_sla_holders as holders
inner join int_sla_clock_spans as spans
    on
        holders.ticket_id = spans.ticket_id
        and holders.metric = spans.metric
        and holders.instance_id = spans.instance_id
where spans.type = 'activate'

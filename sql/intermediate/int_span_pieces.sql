-- DECISIONS.md#schedules: Zendesk counts a whole span under the schedule that
-- was on the ticket until the update that ended it; all_schedules cuts the span
-- where the schedule changes.
with pieces as (
    select
        int_measured_spans.ticket_id,
        int_measured_spans.measure,
        int_ticket_states.schedule,
        case
            when $definitions = 'zendesk' then int_measured_spans.valid_from
            else greatest(
                int_measured_spans.valid_from, int_ticket_states.valid_from
            )
        end as valid_from,
        case
            when
                $definitions = 'zendesk' or int_ticket_states.valid_to is null
                then int_measured_spans.valid_to
            else least(
                int_measured_spans.valid_to, int_ticket_states.valid_to
            )
        end as valid_to
    from int_measured_spans
    left join int_ticket_states
        on
            int_measured_spans.ticket_id = int_ticket_states.ticket_id
            and (
                int_ticket_states.valid_from < int_measured_spans.valid_to
                or (
                    int_measured_spans.valid_from = int_measured_spans.valid_to
                    and int_ticket_states.valid_from
                    <= int_measured_spans.valid_to
                )
            )
            and (
                int_ticket_states.valid_to is null
                or (
                    $definitions = 'zendesk'
                    and int_measured_spans.valid_to
                    <= int_ticket_states.valid_to
                )
                or (
                    $definitions = 'all_schedules'
                    and int_measured_spans.valid_from
                    < int_ticket_states.valid_to
                )
            )
)

select
    ticket_id,
    measure,
    schedule,
    valid_from,
    valid_to,
    calendar_seconds(valid_from, valid_to) as seconds_calendar,
    business_seconds(valid_from, valid_to, schedule) as seconds_business
from pieces

"""The keys of the exports that deskmeter reads, with their types, so that another reader need not look at the rest."""

INT, TEXT, BOOL = "BIGINT", "VARCHAR", "BOOLEAN"
DURATION = {"calendar": INT, "business": INT}
SLA = {"target": INT, "business_hours": BOOL, "policy": {"id": TEXT}, "target_in_seconds": INT}

# The keys that deskmeter reads, by stream. A list of one is an array.
SHAPES = {
    "users": {
        "id": INT, "created_at": TEXT, "updated_at": TEXT, "role": TEXT, "active": BOOL, "role_type": INT,
        "custom_role_id": INT, "suspended": BOOL, "default_group_id": INT,
    },
    "organizations": {"id": INT, "created_at": TEXT, "updated_at": TEXT, "deleted_at": TEXT},
    "tickets": {
        "id": INT, "via": {"channel": TEXT, "source": {"rel": TEXT}}, "created_at": TEXT, "updated_at": TEXT,
        "generated_timestamp": INT, "type": TEXT, "priority": TEXT, "status": TEXT, "requester_id": INT,
        "submitter_id": INT, "assignee_id": INT, "organization_id": INT, "group_id": INT, "collaborator_ids": [INT],
        "follower_ids": [INT], "email_cc_ids": [INT], "problem_id": INT, "has_incidents": BOOL, "is_public": BOOL,
        "due_at": TEXT, "tags": [TEXT], "custom_status_id": INT, "followup_ids": [INT], "ticket_form_id": INT,
        "brand_id": INT, "from_messaging_channel": BOOL, "support_type": TEXT,
        "metric_set": {
            "id": INT, "created_at": TEXT, "updated_at": TEXT, "group_stations": INT, "assignee_stations": INT,
            "reopens": INT, "replies": INT, "assignee_updated_at": TEXT, "requester_updated_at": TEXT,
            "status_updated_at": TEXT, "initially_assigned_at": TEXT, "assigned_at": TEXT, "solved_at": TEXT,
            "latest_comment_added_at": TEXT, "custom_status_updated_at": TEXT, "reply_time_in_minutes": DURATION,
            "first_resolution_time_in_minutes": DURATION, "full_resolution_time_in_minutes": DURATION,
            "agent_wait_time_in_minutes": DURATION, "requester_wait_time_in_minutes": DURATION,
            "on_hold_time_in_minutes": DURATION,
        },
    },
    "ticket_events": {
        "id": INT, "ticket_id": INT, "timestamp": INT, "updater_id": INT, "via": TEXT,
        "child_events": [{
            "id": INT, "via": TEXT, "event_type": TEXT, "comment_present": BOOL, "comment_public": BOOL, "status": TEXT,
            "priority": TEXT, "type": TEXT, "assignee_id": INT, "group_id": INT, "organization_id": INT,
            "brand_id": INT, "ticket_form_id": INT, "custom_status_id": INT, "problem_id": INT, "is_public": BOOL,
        }],
    },
    "ticket_metric_events": {
        "id": INT, "ticket_id": INT, "metric": TEXT, "instance_id": INT, "type": TEXT, "time": TEXT, "deleted": BOOL,
        "sla": SLA, "group_sla": SLA, "status": DURATION,
    },
}


def sql_type(shape):
    if isinstance(shape, dict):
        return "STRUCT(" + ", ".join(f'"{key}" {sql_type(inner)}' for key, inner in shape.items()) + ")"
    return sql_type(shape[0]) + "[]" if isinstance(shape, list) else shape

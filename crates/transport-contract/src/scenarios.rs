//! The scenarios, grouped by the part of the contract that they check.

mod body;

mod connection;

mod deadline;

mod once;

mod request;

mod response;

mod secrets;

use crate::scenario::Scenario;

/// Names each scenario after its function.
macro_rules! scenarios {
    ($($rule:literal $module:ident :: $name:ident,)*) => {
        &[$(Scenario {
            name: stringify!($name),
            rule: $rule,
            run: |harness| Box::pin($module::$name(harness)),
        },)*]
    };
}

/// All scenarios, in the order of the rules.
pub(crate) const ALL: &[Scenario] = scenarios! {
    1 once::request_is_sent_once_when_no_response_comes,
    1 once::request_is_sent_once_when_connection_is_reset,
    1 once::request_is_sent_once_when_kept_connection_breaks,
    1 once::request_is_sent_once_when_kept_connection_is_stale,
    1 once::redirect_is_returned_and_not_followed,
    2 request::request_arrives_unchanged,
    2 request::requests_share_no_state,
    3 response::every_status_is_returned,
    3 response::interim_responses_are_skipped,
    3 response::response_without_a_body_is_complete,
    3 response::headers_and_body_are_returned_unchanged,
    3 connection::response_goes_to_its_own_request,
    3 connection::concurrent_requests_get_their_own_responses,
    3 connection::next_request_succeeds_after_each_failure,
    4 deadline::deadline_covers_connecting,
    4 deadline::deadline_covers_a_silent_server,
    4 deadline::deadline_covers_waiting_for_the_response,
    4 deadline::deadline_covers_a_trickling_response,
    4 deadline::deadline_covers_all_steps_together,
    4 deadline::future_that_blocks_completes_at_once,
    5 body::truncated_response_is_an_error,
    5 body::reset_response_is_an_error,
    5 body::reset_response_without_a_length_is_an_error,
    5 body::error_keeps_the_status_of_a_lost_body,
    5 body::body_without_a_length_ends_at_close,
    5 body::body_can_fill_the_limit_exactly,
    5 body::endless_body_is_too_large,
    6 once::request_that_may_have_arrived_counts_as_sent,
    6 once::partly_read_request_counts_as_sent,
    6 once::refused_connection_sends_nothing,
    7 secrets::errors_show_no_header_and_no_body,
    8 connection::dropped_request_closes_its_connection,
};

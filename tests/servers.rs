//! Everything the daemon does for real users on real servers: one table of scenarios, run
//! on Prosody, ejabberd and jabberd2 from Debian. The scenarios are in `servers/`; how
//! servers, users and the daemon are started is in `support/real/`.
//!
//! Each scenario starts its own server, so any one can be run alone, and all at once.
//! What is not installed is left out, unless `ECHO_COMPONENT_REQUIRE_SERVERS=1`.

#[path = "servers/chat.rs"]
mod chat;
#[path = "servers/hostile.rs"]
mod hostile;
#[path = "servers/library.rs"]
mod library;
#[path = "servers/lifecycle.rs"]
mod lifecycle;
#[path = "servers/neighbours.rs"]
mod neighbours;
#[path = "servers/presence.rs"]
mod presence;
#[path = "support/real/mod.rs"]
mod real;
#[path = "servers/requests.rs"]
mod requests;

use real::Kind;

/// Makes a test of each scenario for each server it says yes to: `prosody::the_name`.
macro_rules! scenarios {
    ($($file:ident::$name:ident $prosody:ident $ejabberd:ident $jabberd2:ident;)*) => {
        mod prosody { $(scenario!($prosody Prosody $file::$name);)* }
        mod ejabberd { $(scenario!($ejabberd Ejabberd $file::$name);)* }
        mod jabberd2 { $(scenario!($jabberd2 Jabberd2 $file::$name);)* }
    };
}

macro_rules! scenario {
    (yes $kind:ident $file:ident::$name:ident) => {
        #[test]
        fn $name() {
            if super::Kind::$kind.is_there() {
                super::$file::$name(super::Kind::$kind);
            }
        }
    };
    (no $kind:ident $file:ident::$name:ident) => {};
}

scenarios! {
    // scenario                                                        Prosody ejabberd jabberd2
    chat::chat_to_the_domain_comes_back                                  yes     yes     yes;
    chat::chat_to_a_node_comes_back_from_that_node                       yes     yes     yes;
    chat::chat_to_a_jid_in_capitals_comes_back                           yes     yes     yes;
    chat::emoji_come_back                                                yes     yes     yes;
    chat::a_rich_payload_comes_back_byte_for_byte                        yes     yes     yes;
    chat::a_burst_comes_back_in_order                                    yes     yes     yes;
    chat::an_echo_has_an_id_of_its_own                                   yes     yes     yes;
    chat::two_users_each_get_their_own_echo                              yes     yes     yes;
    chat::an_error_message_is_not_answered                               yes     yes     yes;
    library::a_slixmpp_client_gets_its_message_back                      yes     yes     yes;

    presence::a_subscription_is_granted_and_presence_follows             yes     yes     yes;
    presence::presence_is_there_after_the_next_login                     yes     yes     yes;
    presence::what_its_presence_announces_can_be_asked_for               yes     yes     yes;
    presence::an_unsubscription_is_confirmed                             yes     yes     yes;
    presence::joining_a_room_is_refused_at_once                          yes     yes     yes;

    requests::disco_info_calls_the_domain_a_component                    yes     yes     yes;
    requests::disco_info_calls_a_node_a_bot                              yes     yes     yes;
    requests::disco_items_are_none                                       yes     yes     yes;
    requests::ping_version_time_last_activity_and_vcard_are_answered     yes     yes     yes;
    requests::a_contact_that_nobody_knows_explains_itself                yes     yes     yes;
    requests::the_answer_comes_from_the_address_that_was_asked           yes     yes     yes;
    requests::an_unknown_request_is_refused                              yes     yes     yes;

    hostile::an_unknown_message_type_comes_back                          yes     yes     yes;
    hostile::two_bodies_of_one_language_come_back                        yes     yes     yes;
    // ejabberd refuses such a JID itself.
    hostile::a_jid_that_stringprep_rejects_gets_its_echo                 yes     no      yes;
    hostile::names_ids_and_values_of_9000_bytes_come_back                yes     yes     yes;
    hostile::a_carriage_return_in_an_attribute_comes_back                yes     yes     yes;
    hostile::namespaces_that_servers_break_cost_no_stream                yes     yes     yes;
    // ejabberd 23.01 crashes itself above some 3,500 levels; jabberd2 takes 64 KiB of a user.
    hostile::fifty_thousand_nested_elements_come_back                    yes     no      no;
    hostile::presence_and_requests_of_any_depth_do_no_harm               yes     no      no;
    hostile::a_stanza_that_grew_over_the_limit_is_bounced                yes     yes     yes;
    hostile::a_tag_that_grew_to_20_mb_costs_no_stream                    yes     yes     no;
    hostile::a_stanza_that_the_server_cuts_off_silences_nobody           yes     no      no;

    // The others have no listener with several hosts.
    neighbours::another_components_stanzas_are_warned_of_once            no      yes     no;
    neighbours::with_the_setting_of_the_warning_there_is_nothing_to_warn_of
                                                                         no      yes     no;

    lifecycle::a_wrong_secret_ends_the_daemon_with_77                    yes     yes     yes;
    // jabberd2 has one secret for components of any name.
    lifecycle::an_unknown_jid_ends_the_daemon_with_77                    yes     yes     no;
    // jabberd2 lets in any name.
    lifecycle::a_jid_of_the_servers_own_is_told_as_such                  yes     yes     no;
    lifecycle::a_check_at_the_client_port_ends_with_69                   yes     yes     yes;
    // ejabberd and jabberd2 let both in and share the stanzas out.
    lifecycle::a_second_daemon_waits_until_the_first_stops               yes     no      no;
    lifecycle::the_daemon_comes_back_after_a_crash_of_the_server         yes     yes     yes;
    lifecycle::the_daemon_comes_back_after_a_restart_of_the_server       yes     yes     yes;
    lifecycle::sigterm_ends_the_daemon_with_0                            yes     yes     yes;
}

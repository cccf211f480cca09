//! The alert rules and the dashboard in `config/prometheus`: Prometheus' own tool takes the rules, and
//! every metric that they name is one that the daemon has.

mod support;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use support::folder::Folder;
use support::left_out::not_installed;
use support::scripted::{Daemon, Server};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("config/prometheus")
}

/// What promtool says, if all is well. It is left out, with a line that says so, where there is none.
fn promtool(test: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new("promtool").args(arguments).current_dir(folder()).output();
    let Ok(output) = output else {
        not_installed(test, "promtool");
        return None;
    };
    let said = String::from_utf8(output.stdout).unwrap() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    Some(said)
}

#[test]
fn promtool_takes_the_rules() {
    let said = promtool("promtool_takes_the_rules", &["check", "rules", "alerts.yml"]);
    assert!(said.is_none_or(|it| it.contains("SUCCESS: 5 rules found")));
}

#[test]
fn each_alert_fires_for_what_it_is_for_and_for_nothing_else() {
    let test = "each_alert_fires_for_what_it_is_for_and_for_nothing_else";
    let said = promtool(test, &["test", "rules", "alerts.test.yml"]);
    assert!(said.is_none_or(|it| it.contains("SUCCESS")));
    let read = |name| fs::read_to_string(folder().join(name)).unwrap();
    let (rules, tests) = (read("alerts.yml"), read("alerts.test.yml"));
    let alerts: Vec<_> =
        rules.lines().filter_map(|it| it.trim().strip_prefix("- alert: ")).collect();
    assert_eq!(alerts.len(), 5);
    for alert in alerts {
        let fires = tests
            .split("- eval_time")
            .any(|it| it.contains(&format!("alertname: {alert}\n")) && it.contains("exp_alerts:"));
        assert!(fires, "no test lets {alert} fire");
    }
    for word in ["severity:", "summary:", "description:"] {
        assert_eq!(rules.matches(word).count(), 5, "{word}");
    }
}

/// The names of all that the daemon serves.
fn served() -> BTreeSet<String> {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let server = Server::start();
    let _daemon = Daemon::start_with(&server, &["--metrics", &format!("127.0.0.1:{port}")]);
    let _peer = server.online();
    let mut connection = TcpStream::connect(("127.0.0.1", port)).unwrap();
    connection.write_all(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    let mut scrape = String::new();
    connection.read_to_string(&mut scrape).unwrap();
    names(&scrape.lines().filter(|line| !line.starts_with('#')).collect::<Vec<_>>().join("\n"))
}

/// All words that are names of metrics of ours.
fn names(text: &str) -> BTreeSet<String> {
    text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
        .filter(|it| it.starts_with("echo_component_") || it.starts_with("process_"))
        .map(str::to_owned)
        .collect()
}

#[test]
fn rules_and_dashboard_name_no_metric_that_does_not_exist() {
    let served = served();
    assert!(served.len() > 15, "{served:?}");
    let rules = fs::read_to_string(folder().join("alerts.yml")).unwrap();
    let dashboard = fs::read_to_string(folder().join("grafana.json")).unwrap();
    for (what, named) in [("alerts.yml", names(&rules)), ("grafana.json", names(&dashboard))] {
        assert!(named.len() > 3, "{what}: {named:?}");
        let unknown: Vec<_> = named.difference(&served).collect();
        assert!(unknown.is_empty(), "{what} names {unknown:?}");
    }
}

#[test]
fn the_dashboard_shows_every_metric_of_ours() {
    let dashboard = fs::read_to_string(folder().join("grafana.json")).unwrap();
    let shown = names(&dashboard);
    // A histogram is shown by its buckets.
    let unseen: Vec<_> = served()
        .into_iter()
        .filter(|it| it.starts_with("echo_component_") && !shown.contains(it))
        .filter(|it| !it.ends_with("_sum") && !it.ends_with("_count"))
        .collect();
    assert!(unseen.is_empty(), "{unseen:?}");
}

/// Grafana fills in the variables, and Prometheus must take what comes of it.
#[test]
fn promtool_takes_every_query_of_the_dashboard() {
    let dashboard = fs::read_to_string(folder().join("grafana.json")).unwrap();
    let dashboard: Value = serde_json::from_str(&dashboard).unwrap();
    let mut rules = "groups:\n- name: dashboard\n  rules:\n".to_owned();
    let panels = dashboard["panels"].as_array().unwrap().iter();
    let queries = panels.flat_map(|panel| panel["targets"].as_array().unwrap());
    let mut count = 0;
    for query in queries.map(|target| target["expr"].as_str().unwrap()) {
        let query = query.replace("$__rate_interval", "5m").replace("$job", ".*");
        let query = query.replace("$instance", ".*");
        assert!(!query.contains('$'), "{query}");
        writeln!(rules, "  - record: q{count}\n    expr: '{query}'").unwrap();
        count += 1;
    }
    assert!(count > 12, "{count}");
    let folder = Folder::new("dashboard");
    let file = folder.file("rules.yml", rules.as_bytes(), 0o600);
    let test = "promtool_takes_every_query_of_the_dashboard";
    let said = promtool(test, &["check", "rules", "--lint=none", &file]);
    assert!(said.is_none_or(|it| it.contains(&format!("SUCCESS: {count} rules found"))));
}

#[test]
fn each_panel_has_a_place_and_a_query_of_its_own() {
    let text = fs::read_to_string(folder().join("grafana.json")).unwrap();
    let dashboard: Value = serde_json::from_str(&text).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    assert!(panels.len() > 8);
    let mut places = BTreeSet::new();
    for panel in panels {
        let place = &panel["gridPos"];
        assert!(places.insert(format!("{} {}", place["x"], place["y"])), "{}", panel["title"]);
        for target in panel["targets"].as_array().unwrap() {
            let query = target["expr"].as_str().unwrap();
            assert!(query.contains("instance=~\"$instance\""), "{query}");
        }
    }
}

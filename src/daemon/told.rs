//! Whether the log has to hear of it again that something stays wrong, such as a server that is away.
//!
//! The log is told of changes; for how things are there are the status and the metrics.

use std::time::Duration;

use tokio::time::Instant;

/// After so long the same is told again.
const AGAIN: Duration = Duration::from_secs(3600);

/// What the log was told last, since all was well.
#[derive(Debug, Default)]
pub struct Told(Option<(String, Instant)>);

impl Told {
    /// Whether `why` is another reason than before, or has been one for long.
    pub fn is_news(&mut self, why: &str) -> bool {
        let known = |(told, when): &(String, Instant)| told == why && when.elapsed() < AGAIN;
        if self.0.as_ref().is_some_and(known) {
            return false;
        }
        self.0 = Some((why.to_owned(), Instant::now()));
        true
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_reason_is_told_at_first_and_each_hour_and_another_at_once() {
        let mut told = Told::default();
        let minutes = |minutes: u64| Duration::from_secs(60 * minutes);
        for (pause, why, is_news) in [
            (0, "refused", true),
            (1, "refused", false),
            (58, "refused", false),
            (2, "refused", true),
            (1, "refused", false),
            (1, "no route", true),
            (1, "refused", true),
        ] {
            advance(minutes(pause)).await;
            assert_eq!(told.is_news(why), is_news, "{why} after {pause} minutes");
        }
    }
}

//! The end of a stream: what has arrived is still answered, the other side is told, and heard out.
//!
//! It does not decide that a stream ends, only how: within the times below, whatever the server does.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::time::{Instant, sleep, timeout, timeout_at};
use xmpp_parsers::stream_error::{DefinedCondition, StreamError};
use xso::AsXml;

use crate::component::Event;
use crate::component::outbox::Outbox;
use crate::component::stream_error;
use crate::stream::ending::Ending;
use crate::stream::io::{forget, read_some, write_some};
use crate::stream::session::Session;

/// A stop takes what is still arriving until nothing has come for so long.
const ARRIVED_AFTER: Duration = Duration::from_millis(100);

/// It does so for no longer than this.
const ARRIVE_WITHIN: Duration = Duration::from_secs(2);

/// Then it waits for the end of the stream, at most so long: 5 s in all.
const CLOSE_WITHIN: Duration = Duration::from_secs(3);

/// How long the server has to take a stream error, or our footer after its own.
const TAKE_WITHIN: Duration = Duration::from_secs(1);

impl<S: AsyncRead + AsyncWrite> Session<'_, S> {
    /// When asked to stop: what the server has sent by now is still answered.
    pub(super) async fn take_what_has_arrived(&mut self) -> Ending {
        self.stopping = true;
        let deadline = Instant::now() + ARRIVE_WITHIN;
        while Instant::now() < deadline {
            if timeout_at(deadline, self.flush()).await.is_err() {
                break;
            }
            let read = tokio::select! {
                biased;
                read = read_some(&mut self.reader, &mut self.input) => read,
                () = sleep(ARRIVED_AFTER) => break,
            };
            if let Err(ending) = self.read(read) {
                return if let Ending::Faulty(_) = ending { ending } else { Ending::Stopped };
            }
        }
        Ending::Stopped
    }

    async fn flush(&mut self) -> io::Result<()> {
        while self.is_waiting() {
            let wrote = write_some(&mut self.writer, self.output.pending()).await?;
            self.wrote(wrote);
        }
        Ok(())
    }

    /// Says on the stream that it ends, as far as the connection still takes it.
    pub(super) async fn close(mut self, ending: Ending) -> Ending {
        let grace = match &ending {
            Ending::Stopped => CLOSE_WITHIN,
            Ending::Faulty(fault) => {
                self.send(&stream_error::of(*fault));
                TAKE_WITHIN
            }
            Ending::Closed | Ending::StreamError(_) => TAKE_WITHIN,
            Ending::Silent => {
                self.send_timeout();
                TAKE_WITHIN
            }
            // If it was a write that failed, something may still be unread.
            Ending::Lost | Ending::Broken(_) => {
                let said = timeout(TAKE_WITHIN, self.last_words()).await;
                return said.ok().flatten().unwrap_or(ending);
            }
            Ending::Stuck => return ending,
        };
        self.output.send_footer();
        let farewell = async {
            self.flush().await?;
            match &ending {
                Ending::Stopped if self.is_over => {}
                Ending::Stopped => self.until_footer().await?,
                Ending::Faulty(_) => self.until_closed().await?,
                _ => {}
            }
            self.writer.shutdown().await
        };
        // Whether the server still took it makes no difference to how the stream ended.
        let _ = timeout(grace, farewell).await;
        // Whatever the server sent while we were stopping.
        if self.stopping { Ending::Stopped } else { ending }
    }

    /// What the server said before it closed. If it closes with answers of ours unread, TCP makes our
    /// next write fail, though what came before can still be read.
    async fn last_words(&mut self) -> Option<Ending> {
        loop {
            let read = read_some(&mut self.reader, &mut self.input).await;
            match self.read(read) {
                Ok(()) => self.output.wrote(self.output.pending().len()),
                Err(said @ (Ending::Closed | Ending::StreamError(_))) => return Some(said),
                Err(_) => return None,
            }
        }
    }

    fn send(&mut self, element: &impl AsXml) {
        if let Err(error) = self.output.send(element) {
            tracing::error!(%error, "a stanza of our own could not be written: please report this");
        }
    }

    /// RFC 6120 §4.6.2: whoever gives up on a silent peer says `connection-timeout`.
    fn send_timeout(&mut self) {
        let text = "The ping was not answered";
        self.send(&StreamError::new(DefinedCondition::ConnectionTimeout, "en", text));
    }

    /// Reads on until the server's footer, answering nothing any more.
    async fn until_footer(&mut self) -> io::Result<()> {
        let mut unanswered = Outbox::default();
        loop {
            match self.echo.feed(&self.input, &mut unanswered, self.now()) {
                Ok((used, Event::Hungry)) => forget(&mut self.input, used),
                _ => return Ok(()),
            }
            unanswered.wrote(unanswered.pending().len());
            if read_some(&mut self.reader, &mut self.input).await? == 0 {
                return Ok(());
            }
        }
    }

    /// Reads on until the server has closed its side too. What is not read would make TCP throw away
    /// what we have just written.
    async fn until_closed(&mut self) -> io::Result<()> {
        loop {
            self.input.clear();
            if read_some(&mut self.reader, &mut self.input).await? == 0 {
                return Ok(());
            }
        }
    }
}

//! What the server sends, and what must come back for each: every kind of message by its number.

/// The component's domain.
pub const COMPONENT: &str = "echo.example";

/// The daemon's default limit, and bodies that stay just below it and go over it.
const LIMIT: usize = 512 << 10;
const LARGE: usize = LIMIT - 1000;
const TOO_LARGE: usize = LIMIT + 100_000;

/// What must come back.
#[derive(Debug, PartialEq, Eq)]
pub enum Answer {
    /// These bytes.
    Echo(String),
    /// An error with this id and condition.
    Bounce(String, &'static str),
    /// The result of a request with this id.
    Result(String),
    /// Nothing.
    Silence,
}

/// Adds stanza `number` to `out`, sent by one of so many senders, and says what is due for it.
pub fn write(number: u64, senders: u64, out: &mut Vec<u8>) -> Answer {
    let sender = number % senders;
    let from = format!("u{sender}@s{}.example/r", sender % 1000);
    let to = if number.is_multiple_of(3) { COMPONENT.into() } else { format!("bot@{COMPONENT}") };
    let message = |attributes: &str, payload: &str| {
        let rest = format!("id='{number}'{attributes}>{payload}</message>");
        let asked = format!("<message from='{from}' to='{to}' {rest}");
        (asked, Answer::Echo(format!("<message from='{to}' to='{from}' {rest}")))
    };
    let bounced = |payload: &str, condition| {
        (message("", payload).0, Answer::Bounce(number.to_string(), condition))
    };
    let ignored = |text: String| (text, Answer::Silence);
    let (text, answer) = match (number % 50_000, number % 1000, number % 20) {
        // Rare, since they are large.
        (0, ..) => message("", &format!("<body>{}</body>", "x".repeat(LARGE))),
        (25_000, ..) => bounced(&"<body>x</body>".repeat(TOO_LARGE / 14), "policy-violation"),
        (_, 500, _) => message("", &nested(1000)),
        (_, 300, _) => message("", &format!("<body>{}</body>", "&lt;".repeat(5000))),
        (_, 100, _) => {
            let many: Vec<_> = (0..200).map(|n| format!("<x{n} xmlns='urn:x{n}'/>")).collect();
            message("", &many.concat())
        }
        // Hostile, and common.
        (.., 1) => bounced("<body>x</body><x:y/>", "not-acceptable"),
        (.., 2) => bounced("<body>&#1;</body>", "not-acceptable"),
        (.., 3) => {
            ignored(format!("<message from='{from}' to='{to}' type='error' id='{number}'/>"))
        }
        (.., 4) => ignored(format!("<message from='{from}' to='a@{COMPONENT}.evil'>x</message>")),
        (.., 5) => ignored(format!("<message from='x@{COMPONENT}' to='{to}'>x</message>")),
        (.., 6) => message(" type='foo'", "<body>1</body><body>2</body>"),
        (.., 7) => message(" x:a=\"3&#13;4\" xmlns:x='urn:x'", "<x:y x:b='&lt;'> </x:y >"),
        (.., 8) => message("", "<body><![CDATA[<x>&]]>\u{200d}\u{1f600}\u{202e}e\u{301}</body>"),
        // Ordinary.
        (.., 9) => request(number, &from),
        (.., 10) => {
            (format!("<presence from='{from}' to='{to}' type='unavailable'/>\n "), Answer::Silence)
        }
        (.., 11..=14) => message(
            " type='chat' xml:lang='en'",
            "<body>What do we have for lunch?</body><active xmlns='http://jabber.org/protocol/\
             chatstates'/><request xmlns='urn:xmpp:receipts'/><markable xmlns='urn:xmpp:\
             chat-markers:0'/><origin-id xmlns='urn:xmpp:sid:0' id='1'/>",
        ),
        _ => message(" type='chat'", "<body>Hello</body>"),
    };
    out.extend_from_slice(text.as_bytes());
    answer
}

fn request(number: u64, from: &str) -> (String, Answer) {
    let query = "<query xmlns='http://jabber.org/protocol/disco#info'/>";
    let text = format!("<iq type='get' id='{number}' from='{from}' to='{COMPONENT}'>{query}</iq>");
    (text, Answer::Result(number.to_string()))
}

fn nested(depth: usize) -> String {
    format!("{}{}", "<a>".repeat(depth), "</a>".repeat(depth))
}

impl Answer {
    /// How many of the bytes received are this answer; none if more must come.
    ///
    /// # Errors
    /// If they are not.
    pub fn take(&self, received: &[u8]) -> Result<Option<usize>, String> {
        let wrong = || {
            let got = String::from_utf8_lossy(&received[..received.len().min(500)]);
            let due = format!("{self:?}");
            Err(format!("due {}, got {got}", due.chars().take(500).collect::<String>()))
        };
        let (end, words) = match self {
            Self::Silence => return Ok(Some(0)),
            Self::Echo(echo) => {
                let known = received.len().min(echo.len());
                return if received[..known] == echo.as_bytes()[..known] {
                    Ok((known == echo.len()).then_some(known))
                } else {
                    wrong()
                };
            }
            Self::Bounce(id, condition) => {
                ("</message>", ["<message ".into(), id_of(id), format!("<{condition} ")])
            }
            Self::Result(id) => ("</iq>", ["<iq ".into(), id_of(id), "type='result'".into()]),
        };
        let Some(at) = received.windows(end.len()).position(|window| window == end.as_bytes())
        else {
            return if received.len() > 100_000 { wrong() } else { Ok(None) };
        };
        let size = at + end.len();
        let text = String::from_utf8_lossy(&received[..size]);
        if text.starts_with(&words[0]) && words.iter().all(|word| text.contains(word)) {
            Ok(Some(size))
        } else {
            wrong()
        }
    }
}

fn id_of(id: &str) -> String {
    format!(" id='{id}'")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_that_is_not_to_the_letter_is_found() {
        let (mut asked, number) = (vec![], 16);
        let Answer::Echo(echo) = write(number, 10, &mut asked) else { panic!("it is ordinary") };
        let due = Answer::Echo(echo.clone());
        assert_eq!(due.take(echo.as_bytes()), Ok(Some(echo.len())));
        assert_eq!(due.take(format!("{echo}<mess").as_bytes()), Ok(Some(echo.len())));
        assert_eq!(due.take(&echo.as_bytes()[..20]), Ok(None));
        assert!(due.take(&asked).is_err(), "not echoed");
        assert!(due.take(echo.replace("Hello", "Hell").as_bytes()).is_err(), "cut");
        assert!(due.take(echo.replace("id='16'", "id='17'").as_bytes()).is_err(), "another");
    }

    #[test]
    fn a_bounce_must_have_id_and_condition() {
        let due = write(21, 10, &mut vec![]);
        assert_eq!(due, Answer::Bounce("21".into(), "not-acceptable"));
        let bounce = |id, condition| {
            format!("<message from='a' id='{id}' type='error'><error><{condition} /></message>")
        };
        let right = bounce(21, "not-acceptable");
        assert_eq!(due.take(right.as_bytes()), Ok(Some(right.len())));
        assert_eq!(due.take(&right.as_bytes()[..40]), Ok(None));
        assert!(due.take(bounce(20, "not-acceptable").as_bytes()).is_err());
        assert!(due.take(bounce(21, "policy-violation").as_bytes()).is_err());
    }
}

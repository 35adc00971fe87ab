//! Lesson 19 on Redis: a stream keeps what was published, so that who comes back asks for all
//! since the last message that it saw. `PUBLISH` tells those who listen at that moment.

use std::cell::RefCell;
use std::ops::Range;
use std::time::Duration;

use ::redis::streams::StreamReadReply;
use ::redis::{Cmd, cmd, pipe};

use super::redis::{Redis, RedisSession};
use super::{Network, Servers};
use crate::{Amounts, Error, Form, Lab, Question};

/// A connection to a stream of numbers, which goes with the value that made it, or after ten
/// minutes.
pub struct Stream {
    session: RedisSession,
    key: String,
    is_mine: bool,
}

/// How far a subscriber is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The last message, as the server names it.
    last: String,
    /// The numbers, in their order.
    pub seen: Vec<u64>,
}

impl Default for Place {
    /// Before the first message.
    fn default() -> Self {
        let (last, seen) = ("0".to_owned(), Vec::new());
        Self { last, seen }
    }
}

impl Stream {
    /// What is kept for those who come back has a bound.
    const KEPT: u64 = 10_000;
    const SECONDS: i64 = 600;

    /// An empty stream on a server that is so far away.
    ///
    /// # Errors
    /// Those of the server.
    pub fn new(redis: &Redis, delay: Duration) -> Result<Self, Error> {
        let mut session = redis.session(delay)?;
        let key = format!("{}stream", session.prefix);
        // A group of readers is the way to make a stream of no messages.
        let mut make = pipe();
        make.cmd("XGROUP")
            .arg(("CREATE", &key, "readers", "$", "MKSTREAM"));
        make.ignore().expire(&key, Self::SECONDS).ignore();
        make.query::<()>(&mut session.connection)?;
        let is_mine = true;
        Ok(Self {
            session,
            key,
            is_mine,
        })
    }

    /// One more connection to the same stream.
    ///
    /// # Errors
    /// Those of the server.
    pub fn join(&self, redis: &Redis, delay: Duration) -> Result<Self, Error> {
        Ok(Self {
            session: redis.session(delay)?,
            key: self.key.clone(),
            is_mine: false,
        })
    }

    fn add(&self, number: u64) -> Cmd {
        let mut add = cmd("XADD");
        add.arg(&self.key).arg(("MAXLEN", "~", Self::KEPT));
        add.arg(("*", "number", number));
        add
    }

    /// Wrong: waits for the answer to each message before it sends the next one.
    ///
    /// # Errors
    /// Those of the server.
    pub fn publish_each(&mut self, numbers: Range<u64>) -> Result<(), Error> {
        for number in numbers {
            let add = self.add(number);
            add.query::<String>(&mut self.session.connection)?;
        }
        Ok(())
    }

    /// Right: sends all messages, and then waits for the answers.
    ///
    /// # Errors
    /// Those of the server.
    pub fn publish_pipelined(&mut self, numbers: Range<u64>) -> Result<(), Error> {
        let mut all = pipe();
        for number in numbers {
            all.add_command(self.add(number)).ignore();
        }
        Ok(all.query(&mut self.session.connection)?)
    }

    /// Takes what follows a place, at most so much; waits for so long where there is nothing,
    /// or not at all. Returns how many messages there were.
    ///
    /// # Errors
    /// Those of the server, and that it does not answer.
    pub fn follow(
        &mut self,
        place: &mut Place,
        at_a_time: u64,
        wait: Option<Duration>,
    ) -> Result<u64, Error> {
        let mut read = cmd("XREAD");
        read.arg(("COUNT", at_a_time));
        if let Some(wait) = wait {
            read.arg(("BLOCK", wait.as_millis() as u64));
        }
        read.arg(("STREAMS", &self.key, &place.last));
        let reply: Option<StreamReadReply> = read.query(&mut self.session.connection)?;
        let mut taken = 0;
        for message in reply.into_iter().flat_map(|reply| reply.keys) {
            for message in message.ids {
                place.seen.extend(message.get::<u64>("number"));
                place.last = message.id;
                taken += 1;
            }
        }
        Ok(taken)
    }

    /// Takes all that is there, so much at a time; returns the round trips through a network
    /// that counts them.
    ///
    /// # Errors
    /// Those of the server.
    pub fn take_all(&mut self, place: &mut Place, at_a_time: u64) -> Result<u64, Error> {
        let before = self.session.network.round_trips();
        while self.follow(place, at_a_time, None)? > 0 {}
        Ok(self.session.network.round_trips() - before)
    }

    /// How many round trips a way to publish takes.
    ///
    /// # Errors
    /// Those of the server.
    pub fn round_trips(&mut self, publish: Publish) -> Result<u64, Error> {
        let before = self.session.network.round_trips();
        publish(self, 0..MESSAGES)?;
        Ok(self.session.network.round_trips() - before)
    }

    /// Forgets what was published.
    ///
    /// # Errors
    /// Those of the server.
    pub fn empty(&mut self) -> Result<(), Error> {
        let mut trim = cmd("XTRIM");
        trim.arg((&self.key, "MAXLEN", 0));
        Ok(trim.query(&mut self.session.connection)?)
    }

    /// Lets the connection die, of which nobody is told.
    pub fn die(&self) {
        self.session.network.die();
    }

    /// Wrong: waits for messages without end. Here it is given up after half a second, by when
    /// it is known to wait in vain.
    ///
    /// # Errors
    /// Those of the server.
    pub fn trusting(&mut self, place: &mut Place) -> Result<(), Error> {
        let patience = Some(Duration::from_millis(500));
        self.session.connection.set_read_timeout(patience)?;
        // All that there is, and then the silence that does not end.
        while self.follow(place, 10, Some(Duration::ZERO)).is_ok() {}
        Ok(())
    }

    /// Right: asks the server to answer within 100 ms, with messages or without. That is its
    /// heartbeat: where it stays away for three times as long, the connection is made anew, and
    /// goes on after the last message that was seen. Ends when nothing more comes.
    ///
    /// # Errors
    /// The server cannot be reached again.
    pub fn expecting_heartbeats(&mut self, place: &mut Place) -> Result<(), Error> {
        let beat = Duration::from_millis(100);
        for _ in 0..10 {
            self.session.connection.set_read_timeout(Some(3 * beat))?;
            loop {
                match self.follow(place, 10, Some(beat)) {
                    Ok(0) => return Ok(()),
                    Ok(_) => {}
                    Err(_silence) => break,
                }
            }
            self.session.reconnect()?;
        }
        Err("the server did not answer on ten connections".into())
    }

    /// Which numbers a subscriber sees that is away while the second half of 0 to 99 is
    /// published: by PUBLISH, which tells those who listen (wrong), and of the stream (right).
    ///
    /// # Errors
    /// Those of the server.
    pub fn away_for_half(redis: &Redis) -> Result<[Vec<u64>; 2], Error> {
        let mut publisher = Self::new(redis, Duration::ZERO)?;
        let mut subscriber = publisher.join(redis, Duration::ZERO)?;
        let (channel, mut heard) = (publisher.key.clone(), Vec::new());
        let mut place = Place::default();
        for (part, is_there) in [(0..50, true), (50..100, false)] {
            let connection = &mut subscriber.session.connection;
            connection.set_read_timeout(Some(Duration::from_secs(5)))?;
            let mut listening = connection.as_pubsub();
            if is_there {
                listening.subscribe(&channel)?;
            }
            for number in part.clone() {
                let mut publish = cmd("PUBLISH");
                publish.arg(&channel).arg(number);
                publish.query::<u64>(&mut publisher.session.connection)?;
            }
            publisher.publish_pipelined(part.clone())?;
            if is_there {
                for _ in part {
                    heard.push(listening.get_message()?.get_payload()?);
                }
                listening.unsubscribe(&channel)?;
            }
            drop(listening);
            if is_there {
                subscriber.take_all(&mut place, 100)?;
            }
        }
        // It is back, and asks for what it missed.
        subscriber.take_all(&mut place, 100)?;
        Ok([heard, place.seen])
    }

    /// Publishes 200 ordinary and ten urgent messages, takes ten at a time, and returns how many
    /// ordinary ones were taken before the last urgent one: of one stream (wrong), or of two of
    /// which the urgent one is looked at first (right).
    ///
    /// # Errors
    /// Those of the server.
    pub fn before_last_urgent(&mut self, own_stream: bool) -> Result<u64, Error> {
        let mut urgent = self.key.clone();
        if own_stream {
            urgent += ":urgent";
        }
        let mut all = pipe();
        for number in 0..200_u64 {
            all.add_command(self.add(number)).ignore();
            if number % 20 == 19 {
                all.xadd(&urgent, "*", &[("urgent", number)]).ignore();
            }
        }
        all.expire(&urgent, Self::SECONDS).ignore();
        all.query::<()>(&mut self.session.connection)?;
        let mut streams = vec![(urgent.clone(), "0".to_owned())];
        if own_stream {
            streams.push((self.key.clone(), "0".to_owned()));
        }
        let (mut ordinary, mut before) = (0, 0);
        loop {
            let mut read = cmd("XREAD");
            read.arg(("COUNT", 10, "STREAMS"));
            let (keys, lasts): (Vec<&String>, Vec<_>) = streams.iter().map(|(k, l)| (k, l)).unzip();
            read.arg(keys).arg(lasts);
            let reply: Option<StreamReadReply> = read.query(&mut self.session.connection)?;
            let Some(reply) = reply else { break };
            for (found, message) in reply
                .keys
                .iter()
                .flat_map(|found| found.ids.iter().map(move |message| (found, message)))
            {
                match message.map.contains_key("urgent") {
                    true => before = ordinary,
                    false => ordinary += 1,
                }
                for (_, last) in streams.iter_mut().filter(|(key, _)| *key == found.key) {
                    last.clone_from(&message.id);
                }
            }
        }
        self.empty()?;
        if own_stream {
            let connection = &mut self.session.connection;
            cmd("DEL").arg(&urgent).query::<()>(connection)?;
        }
        Ok(before)
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        if self.is_mine {
            // A server that is gone forgets it by itself.
            let _ = cmd("DEL")
                .arg(&self.key)
                .query::<()>(&mut self.session.connection);
        }
    }
}

/// A way to publish numbers.
pub type Publish = fn(&mut Stream, Range<u64>) -> Result<(), Error>;

/// The ways to publish, the wrong one first.
pub const PUBLISHES: [(&str, Publish); 2] = [
    ("XADD each", Stream::publish_each),
    ("pipelined", Stream::publish_pipelined),
];

const MESSAGES: u64 = 100;

/// Which of 0 to 99 a trusting subscriber sees and one that expects heartbeats, when the
/// connections of both die after the first half.
///
/// # Errors
/// Those of the server.
pub fn seen_by_both(redis: &Redis) -> Result<[Vec<u64>; 2], Error> {
    let mut publisher = Stream::new(redis, Duration::ZERO)?;
    let mut trusting = publisher.join(redis, Network::COUNTED)?;
    let mut expecting = publisher.join(redis, Network::COUNTED)?;
    let mut places = [(); 2].map(|()| Place::default());
    publisher.publish_pipelined(0..50)?;
    let [first, second] = &mut places;
    trusting.take_all(first, 10)?;
    expecting.take_all(second, 10)?;
    trusting.die();
    expecting.die();
    publisher.publish_pipelined(50..100)?;
    trusting.trusting(first)?;
    expecting.expecting_heartbeats(second)?;
    Ok(places.map(|place| place.seen))
}

pub(super) fn measure(lab: &mut Lab, servers: &Servers) -> Result<(), Error> {
    let Some(redis) = &servers.redis else {
        return Ok(());
    };
    let question = |what, holds| Question::of(what, holds).on("Redis");
    let lost = |seen: Vec<u64>| MESSAGES - seen.len() as u64;
    lab.counted(
        question("a connection dies", "a connection can die without a word"),
        ["no heartbeat", "heartbeat, reconnect"],
        "messages_lost",
        Amounts::Count(seen_by_both(redis)?.map(lost)),
    )?;
    lab.counted(
        question("away for 50 of 100", "subscribers come and go"),
        ["PUBLISH", "a stream"],
        "messages_lost",
        Amounts::Count(Stream::away_for_half(redis)?.map(lost)),
    )?;
    let mut stream = Stream::new(redis, Duration::ZERO)?;
    let before = [
        stream.before_last_urgent(false)?,
        stream.before_last_urgent(true)?,
    ];
    lab.counted(
        question(
            "10 urgent of 210 messages",
            "more waits than is taken at once",
        ),
        ["in order", "urgent first"],
        "ordinary_ones_before",
        Amounts::Count(before),
    )?;
    batches(lab, redis, servers.delay)
}

/// Publishing and taking a hundred messages, each by itself and together.
fn batches(lab: &mut Lab, redis: &Redis, delay: Duration) -> Result<(), Error> {
    let taken = [("one at a time", 1), ("up to 100", 100)];
    for (publishing, taking, delay) in [
        ("publishing 100", "taking 100", Duration::ZERO),
        (
            "publishing 100, a network away",
            "taking 100, a network away",
            delay,
        ),
    ] {
        let holds = "a message has a round trip of its own, and no need of one";
        let stream = RefCell::new(Stream::new(redis, delay)?);
        let empty = || stream.borrow_mut().empty();
        let form = |(name, publish): (&'static str, Publish)| {
            let stream = &stream;
            Form::with_input(name, empty, move |()| {
                publish(&mut stream.borrow_mut(), 0..MESSAGES)
            })
        };
        let question = Question::of(publishing, holds).on("Redis");
        lab.compare(question, PUBLISHES.map(form))?;
        empty()?;
        stream.borrow_mut().publish_pipelined(0..MESSAGES)?;
        let form = |(name, at_a_time)| {
            let stream = &stream;
            Form::fallible(name, move || {
                stream
                    .borrow_mut()
                    .take_all(&mut Place::default(), at_a_time)
            })
        };
        lab.compare(Question::of(taking, holds).on("Redis"), taken.map(form))?;
        empty()?;
    }
    let mut stream = Stream::new(redis, Network::COUNTED)?;
    let [(wrong, each), (right, pipelined)] = PUBLISHES;
    let published = [stream.round_trips(each)?, stream.round_trips(pipelined)?];
    stream.empty()?;
    stream.publish_pipelined(0..MESSAGES)?;
    let mut trips = [0; 2];
    for (trips, (_, at_a_time)) in trips.iter_mut().zip(taken) {
        *trips = stream.take_all(&mut Place::default(), at_a_time)?;
    }
    stream.empty()?;
    let holds = "always; the last one of those who take finds that there is no more";
    for (what, forms, amounts) in [
        ("publishing 100 messages", [wrong, right], published),
        ("taking 100 messages", taken.map(|(name, _)| name), trips),
    ] {
        let question = Question::of(what, holds).on("Redis");
        lab.counted(question, forms, "round_trips", Amounts::Count(amounts))?;
    }
    Ok(())
}

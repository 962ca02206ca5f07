//! Many sockets read by one thread: it counts bytes and does nothing else.

use std::io::{ErrorKind, Read};
use std::net::TcpStream as Blocking;
use std::time::Duration;

use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};

/// See the module.
pub(crate) struct Crowd {
    poll: Poll,
    events: Events,
    sockets: Vec<TcpStream>,
    buffer: Vec<u8>,
    /// Bytes that have come since the start.
    pub(crate) received: u64,
}

impl Crowd {
    pub(crate) fn new() -> Self {
        Self {
            poll: Poll::new().expect("there is epoll"),
            events: Events::with_capacity(1_024),
            sockets: Vec::new(),
            buffer: vec![0; 64 * 1024],
            received: 0,
        }
    }

    pub(crate) fn add(&mut self, stream: Blocking) {
        stream.set_nonblocking(true).expect("a socket can be");
        let mut stream = TcpStream::from_std(stream);
        let token = Token(self.sockets.len());
        self.poll.registry().register(&mut stream, token, Interest::READABLE).expect("epoll takes a socket");
        self.sockets.push(stream);
    }

    pub(crate) fn len(&self) -> usize {
        self.sockets.len()
    }

    /// Reads what there is, waiting for something no longer than that; false if nothing came.
    pub(crate) fn read(&mut self, patience: Duration) -> bool {
        match self.poll.poll(&mut self.events, Some(patience)) {
            Err(error) if error.kind() != ErrorKind::Interrupted => panic!("epoll failed: {error}"),
            _ => (),
        }
        let before = self.received;
        for event in &self.events {
            loop {
                match self.sockets[event.token().0].read(&mut self.buffer) {
                    Ok(0) => panic!("the server has closed a connection"),
                    Ok(read) => {
                        self.received += read as u64;
                        // Less than there was room for: there is no more until epoll says so.
                        if read < self.buffer.len() {
                            break;
                        }
                    }
                    Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                    Err(error) => panic!("a connection broke: {error}"),
                }
            }
        }
        self.received > before
    }
}

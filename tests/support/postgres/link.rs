//! One connection through a proxy.

use std::{
    io::{self, ErrorKind},
    net::SocketAddr,
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{
        TcpStream,
        tcp::{ReadHalf, WriteHalf},
    },
};

use super::faults::{Passage, Side};

/// Connects a client with the server until one of them or a fault ends it.
pub(super) async fn link(client: TcpStream, target: SocketAddr, mut passage: Passage) {
    if let Ok(server) = TcpStream::connect(target).await {
        let _ = relay(client, server, &mut passage).await;
    } else if passage.was_reset() {
        let _ = client.set_zero_linger();
    }
}

async fn relay(
    mut client: TcpStream,
    mut server: TcpStream,
    passage: &mut Passage,
) -> io::Result<()> {
    // The sides speak in turns: each part is to go on at once.
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (from_client, to_client) = client.split();
    let (from_server, to_server) = server.split();
    let requests = pump(from_client, to_server, Side::Client, passage.clone());
    let answers = pump(from_server, to_client, Side::Server, passage.clone());
    tokio::select! {
        biased;
        () = passage.reset() => {}
        _ = async { tokio::try_join!(requests, answers) } => {}
    }
    if passage.was_reset() {
        client.set_zero_linger()?;
        server.set_zero_linger()?;
    }
    Ok(())
}

async fn pump(
    mut from: ReadHalf<'_>,
    mut to: WriteHalf<'_>,
    side: Side,
    mut passage: Passage,
) -> io::Result<()> {
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let read = from.read(&mut buffer).await?;
        // An end is held back too.
        let passes = passage.pass(side, read).await?;
        to.write_all(&buffer[..passes]).await?;
        if passes < read {
            return Err(ErrorKind::ConnectionAborted.into());
        }
        if read == 0 {
            return to.shutdown().await;
        }
    }
}

// A small websocket hub as one would write it in Go: a goroutine that reads and one that writes for each connection,
// frames prepared once, a bounded queue for each client. No resume, no limits by viewer, no metrics.
//
// It says its port on stdout. Each line on stdin goes to everyone who has said hello.
package main

import (
	"bufio"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"sync"

	"github.com/gorilla/websocket"
)

const queued = 64

type client struct {
	connection *websocket.Conn
	queue      chan *websocket.PreparedMessage
}

type hub struct {
	sync.Mutex
	clients map[*client]struct{}
}

var upgrader = websocket.Upgrader{
	ReadBufferSize: 1024, WriteBufferSize: 1024, WriteBufferPool: &sync.Pool{},
	CheckOrigin: func(*http.Request) bool { return true },
}

func (h *hub) serve(w http.ResponseWriter, r *http.Request) {
	connection, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		return
	}
	if _, _, err = connection.ReadMessage(); err != nil { // the hello
		connection.Close()
		return
	}
	c := &client{connection, make(chan *websocket.PreparedMessage, queued)}
	go c.write()
	h.Lock()
	h.clients[c] = struct{}{}
	h.Unlock()
	c.queue <- prepared([]byte(`{"type":"welcome"}`))
	for err == nil {
		_, _, err = connection.ReadMessage()
	}
	h.drop(c)
}

func (c *client) write() {
	for message := range c.queue {
		if c.connection.WritePreparedMessage(message) != nil {
			break
		}
	}
	c.connection.Close()
}

func (h *hub) drop(c *client) {
	h.Lock()
	defer h.Unlock()
	if _, there := h.clients[c]; there {
		delete(h.clients, c)
		close(c.queue)
	}
}

func (h *hub) broadcast(text []byte) {
	message := prepared(text)
	h.Lock()
	defer h.Unlock()
	for c := range h.clients {
		select {
		case c.queue <- message:
		default: // too slow
			delete(h.clients, c)
			close(c.queue)
		}
	}
}

func prepared(text []byte) *websocket.PreparedMessage {
	message, err := websocket.NewPreparedMessage(websocket.TextMessage, text)
	if err != nil {
		log.Fatal(err)
	}
	return message
}

func main() {
	h := &hub{clients: map[*client]struct{}{}}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	go func() { log.Fatal(http.Serve(listener, http.HandlerFunc(h.serve))) }()
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		h.broadcast(append([]byte(nil), lines.Bytes()...))
	}
}

// The rival of `npm run bench -- agent`: N members of HashiCorp's memberlist in one process, LAN defaults, unencrypted
// and unsigned, each on a loopback address of its own. Prints one JSON line.
package main

import (
	"encoding/json"
	"fmt"
	"io/ioutil"
	"os"
	"sort"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/memberlist"
)

type arrival struct {
	text string
	at   time.Time
}

// member forwards each text once, as an application on memberlist does.
type member struct {
	queue    *memberlist.TransmitLimitedQueue
	mutex    sync.Mutex
	seen     map[string]bool
	arrivals chan<- arrival
}

func (m *member) NodeMeta(int) []byte                        { return nil }
func (m *member) LocalState(bool) []byte                     { return nil }
func (m *member) MergeRemoteState([]byte, bool)              {}
func (m *member) GetBroadcasts(overhead, limit int) [][]byte { return m.queue.GetBroadcasts(overhead, limit) }
func (m *member) NotifyMsg(bytes []byte) {
	at := time.Now()
	if m.take(string(bytes)) {
		m.arrivals <- arrival{string(bytes), at}
	}
}

func (m *member) take(text string) bool {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	if m.seen[text] {
		return false
	}
	m.seen[text] = true
	m.queue.QueueBroadcast(broadcast(text))
	return true
}

type broadcast string

func (broadcast) Invalidates(memberlist.Broadcast) bool { return false }
func (b broadcast) Message() []byte                      { return []byte(b) }
func (broadcast) Finished()                              {}

func main() {
	size, _ := strconv.Atoi(os.Args[1])
	rounds, _ := strconv.Atoi(os.Args[2])
	arrivals := make(chan arrival, 1<<16)
	lists := make([]*memberlist.Memberlist, size)
	members := make([]*member, size)
	for i := range lists {
		config := memberlist.DefaultLANConfig()
		config.Name = fmt.Sprintf("host-%d", i)
		config.BindAddr = fmt.Sprintf("127.0.%d.%d", 1+i/250, 1+i%250)
		config.AdvertiseAddr = config.BindAddr
		config.LogOutput = ioutil.Discard
		queue := &memberlist.TransmitLimitedQueue{NumNodes: func() int { return size }, RetransmitMult: config.RetransmitMult}
		members[i] = &member{queue: queue, seen: map[string]bool{}, arrivals: arrivals}
		config.Delegate = members[i]
		list, err := memberlist.Create(config)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		lists[i] = list
	}
	joined := join(lists)
	time.Sleep(5 * time.Second)
	spread := make([]float64, rounds)
	for round := range spread {
		spread[round] = spreadOf(members, round, arrivals)
		time.Sleep(2 * time.Second)
	}
	sort.Float64s(spread)
	json.NewEncoder(os.Stdout).Encode(map[string]interface{}{"joinedMs": joined, "t99Ms": spread})
}

// join lets all others join the first at once; answers the milliseconds until everybody sees everybody, 120 s at most.
func join(lists []*memberlist.Memberlist) float64 {
	startedAt := time.Now()
	var joins sync.WaitGroup
	for _, list := range lists[1:] {
		joins.Add(1)
		go func(list *memberlist.Memberlist) {
			defer joins.Done()
			list.Join([]string{"127.0.1.1"})
		}(list)
	}
	joins.Wait()
	for time.Since(startedAt) < 120*time.Second {
		complete := 0
		for _, list := range lists {
			if list.NumMembers() == len(lists) {
				complete++
			}
		}
		if complete == len(lists) {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	return time.Since(startedAt).Seconds() * 1000
}

// spreadOf broadcasts 256 bytes from one member; answers the milliseconds until 99 % of the others have it.
func spreadOf(members []*member, round int, arrivals <-chan arrival) float64 {
	text := fmt.Sprintf("%d ", round) + strings.Repeat("x", 250)
	startedAt := time.Now()
	members[(round*37)%len(members)].take(text)
	wanted := (len(members)*99 + 99) / 100
	for got := 1; got < wanted; {
		select {
		case one := <-arrivals:
			if one.text == text {
				got++
			}
		case <-time.After(20 * time.Second):
			return 20000
		}
	}
	return time.Since(startedAt).Seconds() * 1000
}

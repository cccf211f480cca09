// An echo on Go's encoding/xml. Arguments: HOST PORT JID SECRET
package main

import (
	"bufio"
	"crypto/sha1"
	"encoding/xml"
	"fmt"
	"io"
	"log"
	"net"
	"os"
)

type message struct {
	XMLName struct{} `xml:"message"`
	From    string   `xml:"from,attr"`
	To      string   `xml:"to,attr"`
	Type    string   `xml:"type,attr,omitempty"`
	ID      string   `xml:"id,attr,omitempty"`
	Body    string   `xml:"body"`
}

const header = "<?xml version='1.0'?><stream:stream xmlns='jabber:component:accept'" +
	" xmlns:stream='http://etherx.jabber.org/streams' to='%s'>"

func main() {
	log.SetFlags(0)
	if len(os.Args) != 5 {
		log.Fatal("usage: go HOST PORT JID SECRET")
	}
	connection, err := net.Dial("tcp", net.JoinHostPort(os.Args[1], os.Args[2]))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Fprintf(connection, header, os.Args[3])
	log.Fatal(serve(connection, os.Args[4]))
}

// serve logs in and echoes until the stream ends.
func serve(connection io.ReadWriter, secret string) error {
	in := bufio.NewReaderSize(connection, 64*1024)
	out := bufio.NewWriterSize(connection, 64*1024)
	decoder := xml.NewDecoder(in)
	encoder := xml.NewEncoder(out)
	for {
		// Whatever is still to be read can be answered in the same write.
		if in.Buffered() == 0 {
			if err := out.Flush(); err != nil {
				return err
			}
		}
		token, err := decoder.Token()
		if err != nil {
			return err
		}
		start, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		switch start.Name.Local {
		case "stream":
			fmt.Fprintf(out, "<handshake>%x</handshake>", sha1.Sum([]byte(id(start)+secret)))
		case "message":
			err = echo(decoder, encoder, start)
		default:
			err = decoder.Skip()
		}
		if err != nil {
			return err
		}
	}
}

func id(start xml.StartElement) string {
	for _, attribute := range start.Attr {
		if attribute.Name.Local == "id" {
			return attribute.Value
		}
	}
	return ""
}

func echo(decoder *xml.Decoder, encoder *xml.Encoder, start xml.StartElement) error {
	var m message
	if err := decoder.DecodeElement(&m, &start); err != nil || m.Type == "error" {
		return err
	}
	m.From, m.To = m.To, m.From
	return encoder.Encode(m)
}

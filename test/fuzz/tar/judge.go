// Reads tar archives with Go's archive/tar, the library below Docker, containerd, umoci, skopeo, kaniko and ko.
//
// Standard input: for each archive its length (4 bytes, little endian) and its bytes. Standard output: for each a line of
// JSON. Works with Go 1.19, which is Debian 12's.
package main

import (
	"archive/tar"
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"io"
	"os"
)

// Bytes are base64: a name in a tar need not be UTF-8.
type entry struct {
	Name, Linkname, Contents string
	Flag                     int
	Size                     int64
	Mode, Uid, Gid           int64
	Seconds, Nanoseconds     int64
	Devmajor, Devminor       int64
	Xattrs                   map[string]string
}

type reading struct {
	Entries []entry
	// Why the archive could not be read to its end.
	Error string
}

func encoded(text string) string {
	return base64.StdEncoding.EncodeToString([]byte(text))
}

func read(archive []byte) reading {
	result := reading{Entries: []entry{}}
	reader := tar.NewReader(bytes.NewReader(archive))
	for {
		header, err := reader.Next()
		if err == io.EOF {
			return result
		}
		if err != nil {
			result.Error = err.Error()
			return result
		}
		contents, err := io.ReadAll(reader)
		if err != nil {
			result.Error = err.Error()
			return result
		}
		xattrs := map[string]string{}
		for key, value := range header.PAXRecords {
			const prefix = "SCHILY.xattr."
			if len(key) >= len(prefix) && key[:len(prefix)] == prefix {
				xattrs[encoded(key[len(prefix):])] = encoded(value)
			}
		}
		result.Entries = append(result.Entries, entry{
			Name: encoded(header.Name), Linkname: encoded(header.Linkname), Contents: encoded(string(contents)),
			Flag: int(header.Typeflag), Size: int64(len(contents)),
			Mode: header.Mode & 0o7777, Uid: int64(header.Uid), Gid: int64(header.Gid),
			Seconds: header.ModTime.Unix(), Nanoseconds: int64(header.ModTime.Nanosecond()),
			Devmajor: header.Devmajor, Devminor: header.Devminor, Xattrs: xattrs,
		})
	}
}

func main() {
	input := bufio.NewReader(os.Stdin)
	output := json.NewEncoder(os.Stdout)
	for {
		var length uint32
		if err := binary.Read(input, binary.LittleEndian, &length); err == io.EOF {
			return
		} else if err != nil {
			panic(err)
		}
		archive := make([]byte, length)
		if _, err := io.ReadFull(input, archive); err != nil {
			panic(err)
		}
		if err := output.Encode(read(archive)); err != nil {
			panic(err)
		}
	}
}

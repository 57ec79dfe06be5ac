// Command tlog_audit audits a served log with golang.org/x/mod: its hashing, tile reader, record and
// tree proofs (sumdb/tlog) and its notes (sumdb/note). Nothing of turno is in it.
//
//	tlog_audit BASE VKEY [SAMPLE] < old checkpoints
//
// BASE is the prefix of the log. Standard input holds checkpoints of the same log that were read
// earlier, each as a block of its own, a line "--" after each. The program reads the newest
// checkpoint, every entry bundle and every tile that its size implies, rebuilds the tree from the
// entries, proves SAMPLE records and the way from each older checkpoint to the newest, and says what
// it checked.
//
// That library knows only its own tree name and its own tile paths (height in the path, no level
// ".p" under the index), so the checkpoint is parsed and the paths are made here. What
// TileHashReader hands out is trusted only after a proof against a signed root, or the rebuilt
// tree, has confirmed it.
//
// Exit: 0 everything holds, 1 a difference, 2 usage, 5 something could not be read.
package main

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const (
	height    = 8
	width     = 1 << height
	bodyLimit = width * (2 + 65535)
)

// unreadable says that the audit cannot tell, as opposed to a difference.
type unreadable struct{ error }

// ---- what is read ----

type remote struct {
	base  string
	tiles map[tlog.Tile][]byte
}

func (r *remote) get(path string) ([]byte, error) {
	answer, err := http.Get(r.base + "/" + path)
	if err != nil {
		return nil, unreadable{err}
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, bodyLimit+1))
	if err != nil {
		return nil, unreadable{err}
	}
	if answer.StatusCode != http.StatusOK {
		return nil, unreadable{fmt.Errorf("%s: status %d", path, answer.StatusCode)}
	}
	if len(body) > bodyLimit {
		return nil, fmt.Errorf("%s: longer than it can be", path)
	}
	return body, nil
}

// tilePath is the spelling of tlog-tiles: x001/x234/067 and .p/W for a partial one.
func tilePath(kind string, n int64, w int) string {
	path := fmt.Sprintf("%03d", n%1000)
	for n >= 1000 {
		n /= 1000
		path = fmt.Sprintf("x%03d/%s", n%1000, path)
	}
	if w < width {
		path += fmt.Sprintf(".p/%d", w)
	}
	return "tile/" + kind + "/" + path
}

// Height, ReadTiles and SaveTiles make remote a tlog.TileReader.
func (r *remote) Height() int { return height }

func (r *remote) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var all [][]byte
	for _, tile := range tiles {
		data, known := r.tiles[tile]
		if !known {
			var err error
			if data, err = r.get(tilePath(strconv.Itoa(tile.L), tile.N, tile.W)); err != nil {
				return nil, err
			}
			if len(data) != tile.W*tlog.HashSize {
				return nil, fmt.Errorf("tile %d/%d has %d bytes, not %d hashes", tile.L, tile.N,
					len(data), tile.W)
			}
		}
		all = append(all, data)
	}
	return all, nil
}

func (r *remote) SaveTiles(tiles []tlog.Tile, data [][]byte) {
	for i, tile := range tiles {
		r.tiles[tile] = data[i]
	}
}

// ---- checkpoints ----

func openCheckpoint(text []byte, verifier note.Verifier) (tlog.Tree, error) {
	var tree tlog.Tree
	opened, err := note.Open(text, note.VerifierList(verifier)) // ignores lines of unknown keys
	if err != nil {
		return tree, fmt.Errorf("the checkpoint: %w", err)
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) < 4 || lines[0] != verifier.Name() {
		return tree, fmt.Errorf("the checkpoint is not one of %q", verifier.Name())
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil || size < 0 || strconv.FormatInt(size, 10) != lines[1] {
		return tree, fmt.Errorf("the checkpoint's size is %q", lines[1])
	}
	root, err := base64.StdEncoding.Strict().DecodeString(lines[2])
	if err != nil || len(root) != tlog.HashSize {
		return tree, fmt.Errorf("the checkpoint's root is %q", lines[2])
	}
	tree.N = size
	copy(tree.Hash[:], root)
	return tree, nil
}

// ---- the tree rebuilt from the entries ----

// rebuilt holds every complete subtree's hash in the library's order; it reads nothing from anybody.
type rebuilt []tlog.Hash

func (r rebuilt) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	hashes := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		if index >= int64(len(r)) {
			return nil, errors.New("the entries end before the tree does")
		}
		hashes[i] = r[index]
	}
	return hashes, nil
}

func (r *rebuilt) addBundle(bundle []byte, first int64, count int) error {
	for i := 0; i < count; i++ {
		if len(bundle) < 2 || len(bundle) < 2+int(binary.BigEndian.Uint16(bundle)) {
			return fmt.Errorf("the bundle of entry %d ends within an entry", first)
		}
		size := 2 + int(binary.BigEndian.Uint16(bundle))
		hashes, err := tlog.StoredHashes(first+int64(i), bundle[2:size], *r)
		if err != nil {
			return err
		}
		*r = append(*r, hashes...)
		bundle = bundle[size:]
	}
	if len(bundle) != 0 {
		return fmt.Errorf("the bundle of entry %d has bytes behind its last entry", first)
	}
	return nil
}

func (r *remote) rebuild(size int64) (rebuilt, error) {
	var made rebuilt
	for n := int64(0); n*width < size; n++ {
		count := width
		if size-n*width < width {
			count = int(size - n*width)
		}
		bundle, err := r.get(tilePath("entries", n, count))
		if err != nil {
			return nil, err
		}
		if err := made.addBundle(bundle, n*width, count); err != nil {
			return nil, err
		}
	}
	return made, nil
}

// compareTiles reads every tile of the tree, of each level to the top, and compares it with the
// rebuilt one: level 0 is the hashes of all entries.
func (r *remote) compareTiles(size int64, made rebuilt) (int, error) {
	count := 0
	for _, tile := range tlog.NewTiles(height, 0, size) {
		want, err := tlog.ReadTileData(tile, made)
		if err != nil {
			return count, err
		}
		got, err := r.get(tilePath(strconv.Itoa(tile.L), tile.N, tile.W))
		if err != nil {
			return count, err
		}
		if !bytes.Equal(got, want) {
			return count, fmt.Errorf("tile %d/%d of width %d is not what its entries hash to",
				tile.L, tile.N, tile.W)
		}
		count++
	}
	return count, nil
}

// ---- proofs from tiles, as a client makes them that does not read all entries ----

func (r *remote) proveRecords(tree tlog.Tree, made rebuilt, sample int64) (int, error) {
	reader := tlog.TileHashReader(tree, r)
	count := 0
	for i := int64(0); i < sample && i < tree.N; i++ {
		n := i * tree.N / sample
		if sample >= tree.N {
			n = i
		}
		proof, err := tlog.ProveRecord(tree.N, n, reader)
		if err != nil {
			return count, fmt.Errorf("record %d: %w", n, err)
		}
		leaf := made[tlog.StoredHashIndex(0, n)] // of the entry itself
		if err := tlog.CheckRecord(proof, tree.N, tree.Hash, n, leaf); err != nil {
			return count, fmt.Errorf("record %d: %w", n, err)
		}
		count++
	}
	return count, nil
}

func (r *remote) proveTrees(tree tlog.Tree, older []tlog.Tree) error {
	for _, old := range older {
		if old.N > tree.N {
			return fmt.Errorf("an older checkpoint has size %d, the newest %d", old.N, tree.N)
		}
		if old.N == 0 {
			continue // every tree begins empty: there is nothing to prove
		}
		proof, err := tlog.ProveTree(tree.N, old.N, tlog.TileHashReader(tree, r))
		if err != nil {
			return fmt.Errorf("from size %d: %w", old.N, err)
		}
		if err := tlog.CheckTree(proof, tree.N, tree.Hash, old.N, old.Hash); err != nil {
			return fmt.Errorf("from size %d: %w", old.N, err)
		}
	}
	return nil
}

// ---- all of it ----

func audit(base string, verifier note.Verifier, sample int64, older []tlog.Tree) error {
	log := &remote{base: strings.TrimSuffix(base, "/"), tiles: map[tlog.Tile][]byte{}}
	text, err := log.get("checkpoint")
	if err != nil {
		return err
	}
	tree, err := openCheckpoint(text, verifier)
	if err != nil {
		return err
	}
	made, err := log.rebuild(tree.N)
	if err != nil {
		return err
	}
	tiles, err := log.compareTiles(tree.N, made)
	if err != nil {
		return err
	}
	root, err := tlog.TreeHash(tree.N, made)
	if err != nil {
		return err
	}
	if tree.N > 0 && root != tree.Hash {
		return fmt.Errorf("the entries hash to %v, the checkpoint says %v", root, tree.Hash)
	}
	records, err := log.proveRecords(tree, made, sample)
	if err != nil {
		return err
	}
	if err := log.proveTrees(tree, older); err != nil {
		return err
	}
	fmt.Printf("%d entries, %d tiles, %d records and %d older checkpoints proved\n", tree.N, tiles,
		records, len(older))
	return nil
}

func readOlder(in io.Reader, verifier note.Verifier) ([]tlog.Tree, error) {
	var older []tlog.Tree
	all, err := io.ReadAll(io.LimitReader(in, 16<<20))
	if err != nil {
		return nil, unreadable{err}
	}
	for _, block := range strings.SplitAfter(string(all), "--\n") {
		block = strings.TrimSuffix(block, "--\n")
		if block == "" {
			continue
		}
		tree, err := openCheckpoint([]byte(block), verifier)
		if err != nil {
			return nil, err
		}
		older = append(older, tree)
	}
	return older, nil
}

func run(arguments []string) error {
	sample := int64(100)
	verifier, err := note.NewVerifier(arguments[2])
	if err != nil {
		return err
	}
	if len(arguments) == 4 {
		if sample, err = strconv.ParseInt(arguments[3], 10, 64); err != nil || sample < 1 {
			return fmt.Errorf("not a number of records: %q", arguments[3])
		}
	}
	older, err := readOlder(os.Stdin, verifier)
	if err != nil {
		return err
	}
	return audit(arguments[1], verifier, sample, older)
}

func main() {
	if len(os.Args) != 3 && len(os.Args) != 4 {
		fmt.Fprintln(os.Stderr, "tlog_audit BASE VKEY [SAMPLE] < older checkpoints")
		os.Exit(2)
	}
	if err := run(os.Args); err != nil {
		fmt.Fprintln(os.Stderr, "tlog_audit:", err)
		var cannot unreadable
		if errors.As(err, &cannot) {
			os.Exit(5)
		}
		os.Exit(1)
	}
}

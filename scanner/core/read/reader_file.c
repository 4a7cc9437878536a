// SPDX-License-Identifier: MIT
/*
 * Pieces of a file that stand for a target's memory, such as a core file's segments
 *
 * They are read by pread(2): a map of the file would end the program by a signal where somebody
 * cuts the file short meanwhile.
 */
#include "reader.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct file {
	struct ff_reader reader;
	int fd;
	size_t npieces;
	struct ff_piece pieces[];
};

static struct file *to_file(struct ff_reader *reader)
{
	return (struct file *)reader;
}

/* The piece that address is in, or NULL. */
static const struct ff_piece *piece_at(const struct file *self, uint64_t address)
{
	size_t low = 0, high = self->npieces;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (self->pieces[middle].end <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low < self->npieces && self->pieces[low].start <= address ? &self->pieces[low] :
									   NULL;
}

static void fill(const struct file *self, struct ff_segment *segment)
{
	segment->done = 0;
	while (segment->done < segment->size) {
		uint64_t at = segment->address + segment->done;
		const struct ff_piece *piece = at >= segment->address ? piece_at(self, at) : NULL;
		uint64_t left = segment->size - segment->done;
		ssize_t n;

		if (!piece)
			return;
		if (left > piece->end - at)
			left = piece->end - at;
		do
			n = pread(self->fd, segment->buffer + segment->done, left,
				  (off_t)(piece->offset + (at - piece->start)));
		while (n < 0 && errno == EINTR);
		if (n <= 0)	/* it was cut short meanwhile, or its disk does not answer */
			return;
		segment->done += n;
	}
}

static int file_read(struct ff_reader *reader, struct ff_segment *segments, size_t n)
{
	for (size_t i = 0; i < n; i++)
		fill(to_file(reader), &segments[i]);
	return 0;
}

static ssize_t file_write(struct ff_reader *reader, uint64_t address, const void *bytes,
			  size_t size)
{
	(void)reader;
	(void)address;
	(void)bytes;
	(void)size;
	return -EROFS;
}

static void file_close(struct ff_reader *reader)
{
	close(to_file(reader)->fd);
	free(to_file(reader));
}

static const struct ff_reader_ops file_ops = {
	.read = file_read,
	.write = file_write,
	.close = file_close,
};

/* Whether pieces ascend and lie where a file can have them. */
static bool in_order(const struct ff_piece *pieces, size_t n)
{
	uint64_t before = 0;

	for (size_t i = 0; i < n; i++) {
		const struct ff_piece *piece = &pieces[i];

		if (piece->start < before || piece->end <= piece->start)
			return false;
		if (piece->offset > INT64_MAX ||
		    piece->end - piece->start > INT64_MAX - piece->offset)
			return false;
		before = piece->end;
	}
	return true;
}

int ff_reader_open_file(int fd, const struct ff_piece *pieces, size_t n, struct ff_reader **out)
{
	struct file *self;

	if (!in_order(pieces, n) || n > (SIZE_MAX - sizeof(*self)) / sizeof(*pieces))
		return -EINVAL;
	self = malloc(sizeof(*self) + n * sizeof(*pieces));
	if (!self)
		return -ENOMEM;
	self->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (self->fd < 0) {
		free(self);
		return -errno;
	}
	ff_reader_init(&self->reader, &file_ops, 0);
	self->npieces = n;
	if (n)
		memcpy(self->pieces, pieces, n * sizeof(*pieces));
	*out = &self->reader;
	return 0;
}

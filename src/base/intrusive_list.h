#pragma once

#include "base/check.h"

namespace reprise::base {

// IntrusiveNode: a link that takes itself out of its list when it dies. Neither list nor node
// locks: whoever shares a list across threads guards every operation, destruction included.
class IntrusiveNode {
 public:
  IntrusiveNode() = default;
  IntrusiveNode(const IntrusiveNode&) = delete;
  IntrusiveNode& operator=(const IntrusiveNode&) = delete;
  ~IntrusiveNode() { unlink(); }

  bool linked() const { return next_ != nullptr; }
  void unlink() {
    if (next_ == nullptr) return;
    previous_->next_ = next_;
    next_->previous_ = previous_;
    next_ = previous_ = nullptr;
  }

 private:
  template <typename T>
  friend class IntrusiveList;
  IntrusiveNode* previous_ = nullptr;
  IntrusiveNode* next_ = nullptr;
};

// IntrusiveList: a circular list of T, which derives from IntrusiveNode. Owns nothing.
template <typename T>
class IntrusiveList {
 public:
  IntrusiveList() { reset(); }
  IntrusiveList(const IntrusiveList&) = delete;
  IntrusiveList& operator=(const IntrusiveList&) = delete;
  ~IntrusiveList() {
    while (!empty()) front().unlink();
    head_.next_ = head_.previous_ = nullptr;
  }

  bool empty() const { return head_.next_ == &head_; }
  T& front() { return static_cast<T&>(*head_.next_); }
  T& back() { return static_cast<T&>(*head_.previous_); }

  void push_back(T& item) { insert_before(head_, item); }
  void push_front(T& item) { insert_before(*head_.next_, item); }

  T* pop_front() {
    if (empty()) return nullptr;
    T& item = front();
    static_cast<IntrusiveNode&>(item).unlink();
    return &item;
  }

  // Moves everything behind this list's own items.
  void splice_back(IntrusiveList& other) {
    while (T* item = other.pop_front()) push_back(*item);
  }

  // `visit` must not touch the list.
  template <typename Visit>
  void for_each(Visit visit) {
    for (IntrusiveNode* node = head_.next_; node != &head_; node = node->next_) {
      visit(static_cast<T&>(*node));
    }
  }

 private:
  void reset() { head_.next_ = head_.previous_ = &head_; }
  void insert_before(IntrusiveNode& place, T& item) {
    IntrusiveNode& node = item;
    CHECK(!node.linked());
    node.previous_ = place.previous_;
    node.next_ = &place;
    place.previous_->next_ = &node;
    place.previous_ = &node;
  }

  IntrusiveNode head_;
};

}  // namespace reprise::base
